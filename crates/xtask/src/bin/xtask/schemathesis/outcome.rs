//! The outcome of a run: which operations succeeded, by the service's own log.
//!
//! A refusal is a documented answer, so a run of nothing but refusals would satisfy every check,
//! and show nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, ensure};
use serde_json::Value;

/// The request id of the preparation of a run; see `store.py`.
const PREPARATION: &str = "preparation";
/// The operations that no run calls: a stream without an end, and the end of the run's own token.
const NEVER: [&str; 2] = ["GET /api/v1/changes", "DELETE /api/v1/api-tokens/current"];
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Reports how often each operation of the document succeeded and was refused.
///
/// # Errors
/// Names the operations that never succeeded, and those that failed with 5xx.
pub(super) fn all_done(document: &str, log: &str) -> Result<String> {
    let document: Value = serde_json::from_str(document)?;
    let mut answers: BTreeMap<String, [u32; 3]> = operations(&document)
        .map(|operation| (operation, [0; 3]))
        .collect();
    for operation in NEVER {
        answers.remove(operation);
    }
    for (operation, status) in requests(log) {
        if let Some([done, refused, failed]) = answers.get_mut(&operation) {
            *match status {
                0..400 => done,
                400..500 => refused,
                _ => failed,
            } += 1;
        }
    }
    let mut table = format!("{:>7} {:>7}\n", "done", "refused");
    for (operation, [done, refused, failed]) in &answers {
        ensure!(*done > 0, "{operation} was never done, only refused");
        ensure!(*failed == 0, "{operation} failed {failed} times with 5xx");
        writeln!(table, "{done:>7} {refused:>7}  {operation}")?;
    }
    Ok(table)
}

/// The operations as the log writes them: method and path.
fn operations(document: &Value) -> impl Iterator<Item = String> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let declared = METHODS.iter().filter(|method| item.get(**method).is_some());
        declared.map(move |method| format!("{} {path}", method.to_uppercase()))
    })
}

fn requests(log: &str) -> impl Iterator<Item = (String, u64)> {
    log.lines().filter_map(|line| {
        let event: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| event.get(name)?.as_str();
        let tried = text("message")? == "request" && text("request_id")? != PREPARATION;
        let operation = format!("{} {}", text("method")?, text("route")?);
        Some((operation, event.get("status")?.as_u64()?)).filter(|_| tried)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"paths": {"/a/{id}": {"get": {}, "put": {}}}}"#;

    fn line(method: &str, status: u16, id: &str) -> String {
        format!(
            r#"{{"message":"request","method":"{method}","route":"/a/{{id}}","status":{status},"request_id":"{id}"}}"#
        )
    }

    #[test]
    fn an_operation_that_was_only_refused_or_prepared_is_named() {
        let read = line("GET", 304, "1");
        for other in [line("PUT", 404, "2"), line("PUT", 200, PREPARATION)] {
            let error = all_done(DOCUMENT, &format!("{read}\n{other}\n")).unwrap_err();
            assert_eq!(
                error.to_string(),
                "PUT /a/{id} was never done, only refused"
            );
        }
        let log = format!("words\n{read}\n{}\n", line("PUT", 200, "2"));
        assert!(all_done(DOCUMENT, &log).is_ok());
    }

    #[test]
    fn a_failure_is_named() {
        let lines = [
            line("GET", 200, "1"),
            line("PUT", 200, "2"),
            line("PUT", 503, "3"),
        ];
        let error = all_done(DOCUMENT, &lines.join("\n")).unwrap_err();
        assert_eq!(error.to_string(), "PUT /a/{id} failed 1 times with 5xx");
    }
}
