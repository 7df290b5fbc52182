//! An answer in one line, for the expectations of tables: `400 invalid-body: /name missing-field`.

use serde_json::Value;

use super::Reply;

impl Reply {
    /// The answer in one line: its status, its code, where and what each error is, and `~` the first suggestion.
    pub(crate) fn outline(&self) -> String {
        self.outlines().swap_remove(2)
    }

    /// The answer in one line, ever more detailed; an expectation says as much as it cares about.
    pub(super) fn outlines(&self) -> Vec<String> {
        let Some(code) = self.code() else {
            return vec![self.status.to_string(); 3];
        };
        let brief = format!("{} {code}", self.status);
        let errors = self.json()["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if errors.is_empty() {
            return vec![brief; 3];
        }
        let places: Vec<_> = errors.iter().map(place).collect();
        let suggestions =
            errors.iter().zip(&places).map(|(error, place)| {
                match error["suggestions"][0].as_str() {
                    Some(first) => format!("{place} ~{first}"),
                    None => place.clone(),
                }
            });
        let full = suggestions.collect::<Vec<_>>().join(", ");
        let medium = format!("{brief}: {}", places.join(", "));
        vec![brief.clone(), medium, format!("{brief}: {full}")]
    }

    /// The code of a problem.
    pub(crate) fn code(&self) -> Option<String> {
        let kind = self.json()["type"].as_str()?.to_owned();
        kind.strip_prefix("/problems/").map(str::to_owned)
    }
}

fn place(error: &Value) -> String {
    let place = error["pointer"].as_str().or(error["parameter"].as_str());
    format!(
        "{} {}",
        place.unwrap_or("?"),
        error["code"].as_str().unwrap_or("?")
    )
}
