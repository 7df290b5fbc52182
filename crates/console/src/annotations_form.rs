//! The part of a token's form for its annotations, as somebody typed it.

use countersign_domain::{Description, Metadata, Owner, Token, WrittenAnnotations};

use crate::form::Form;

/// The typed texts. One that a form does not have is `None`, and then the stored value stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AnnotationsForm {
    pub(crate) owner: Option<String>,
    pub(crate) description: Option<String>,
    /// One pair on each line, with `=` between the key and the value.
    pub(crate) metadata: Option<String>,
}

impl AnnotationsForm {
    /// The form with the stored values.
    pub(crate) fn stored(token: &Token) -> Self {
        let owner = token.owner.as_ref().map_or("", Owner::as_str);
        let description = token.description.as_ref().map_or("", Description::as_str);
        Self {
            owner: Some(owner.to_owned()),
            description: Some(description.to_owned()),
            metadata: Some(lines(&token.metadata)),
        }
    }

    /// The form that was sent.
    pub(crate) fn of(form: &Form) -> Self {
        // Browsers send line breaks as CRLF.
        let field = |name| form.has(name).then(|| form.get(name).replace('\r', ""));
        Self {
            owner: field("owner"),
            description: field("description"),
            metadata: field("metadata"),
        }
    }

    /// The texts that are sent, with the names of their fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields = [
            ("owner", &self.owner),
            ("description", &self.description),
            ("metadata", &self.metadata),
        ];
        fields
            .into_iter()
            .filter_map(|(name, text)| Some((name, text.as_deref()?)))
    }

    /// What a new token gets.
    pub(crate) fn written(&self) -> WrittenAnnotations {
        WrittenAnnotations {
            owner: self.owner.as_deref().map(filled),
            description: self.description.as_deref().map(filled),
            metadata: self.metadata.as_deref().map(pairs),
        }
    }

    /// What differs from the stored values. A text that was not touched is left out, because the form
    /// shows no blanks at the ends of a value of metadata.
    pub(crate) fn changed(&self, token: &Token) -> WrittenAnnotations {
        let stored = Self::stored(token);
        let written = self.written();
        WrittenAnnotations {
            owner: written.owner.filter(|_| self.owner != stored.owner),
            description: written
                .description
                .filter(|_| self.description != stored.description),
            metadata: written
                .metadata
                .filter(|_| self.metadata != stored.metadata),
        }
    }
}

/// A text that has only blanks is meant to be empty.
fn filled(text: &str) -> String {
    if text.trim().is_empty() {
        String::new()
    } else {
        text.to_owned()
    }
}

/// Metadata as lines.
pub(crate) fn lines(metadata: &Metadata) -> String {
    let lines = metadata.iter().map(|(key, value)| format!("{key}={value}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pair = |line: &str| {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        (key.trim().to_owned(), value.trim().to_owned())
    };
    lines.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_typed_as_lines() {
        let typed = Form::parse(b"owner=+&metadata=plan+%3D+gold%0D%0A%0D%0Aurl=a%3Db%0D%0Aflag");
        let form = AnnotationsForm::of(&typed);
        let written = form.written();
        assert_eq!(written.owner.as_deref(), Some(""));
        assert_eq!(written.description, None);
        let pairs = [("plan", "gold"), ("url", "a=b"), ("flag", "")];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(written.metadata, Some(pairs.to_vec()));
        let metadata = Metadata::parse(written.metadata.unwrap()).unwrap();
        assert_eq!(lines(&metadata), "flag=\nplan=gold\nurl=a=b");
    }
}
