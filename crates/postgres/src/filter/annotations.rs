//! Tests of owners and metadata, each in the form that its index serves.

use countersign_application::query::{Compare, MetadataTest};
use countersign_domain::caseless_key;
use serde_json::json;

use super::{Sql, nul};

impl Sql {
    /// The index has the key before the owner.
    pub(super) fn owner(&mut self, test: &Compare<String>) -> &mut Self {
        let test = nul::free(test);
        let keys = match &test {
            Compare::Eq(wanted) => Some(vec![caseless_key(wanted)]),
            Compare::In(wanted) => Some(wanted.iter().map(|one| caseless_key(one)).collect()),
            _ => None,
        };
        self.word("(");
        if let Some(keys) = keys {
            self.word("t.owner_key = ANY (").bind(keys).word(") AND ");
        }
        self.compare("t.owner", &test, Clone::clone).word(")")
    }

    /// The index finds a key with its value, and no key alone.
    pub(super) fn metadata(&mut self, key: &str, test: &MetadataTest) -> &mut Self {
        match test {
            MetadataTest::Exists(exists) => {
                self.word("(t.metadata ? ").bind(key.to_owned());
                self.word(if *exists { ")" } else { ") IS NOT TRUE" })
            }
            MetadataTest::OneOf(values) => {
                // The server accepts no text with NUL in it, and stores none.
                let possible = values.iter().filter(|value| !value.contains('\0'));
                self.word("(false");
                for value in possible {
                    self.word(" OR t.metadata @> (");
                    self.bind(json!({ key: value }).to_string())
                        .word(")::jsonb");
                }
                self.word(")")
            }
        }
    }
}
