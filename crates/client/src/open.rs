//! An answer that may have more members than this version knows.

use std::ops::Deref;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _,
};
use serde_json::Value;

/// The known members of an answer, and the whole answer as it came. It serializes as the latter.
#[derive(Debug, Clone)]
pub struct Open<T> {
    known: T,
    raw: Value,
}

impl<T: DeserializeOwned> Open<T> {
    /// Takes a whole answer.
    ///
    /// # Errors
    /// Returns an error if a known member has another type than expected.
    pub fn new(raw: Value) -> Result<Self, serde_json::Error> {
        let known = T::deserialize(&raw)?;
        Ok(Self { known, raw })
    }
}

impl<T> Open<T> {
    /// The whole answer.
    #[must_use]
    pub fn raw(&self) -> &Value {
        &self.raw
    }

    /// The whole answer.
    #[must_use]
    pub fn into_raw(self) -> Value {
        self.raw
    }
}

impl<T> Deref for Open<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.known
    }
}

impl<T> Serialize for Open<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Open<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Token;

    #[test]
    fn members_of_a_newer_service_are_kept() {
        let raw = json!({"id": "a", "version": 3, "name": "N", "owner": {"team": 7}, "x": null});
        let token: Open<Token> = serde_json::from_value(raw.clone()).unwrap();
        assert_eq!((token.version, token.name.as_deref()), (3, Some("N")));
        assert_eq!(serde_json::to_value(&token).unwrap(), raw);
    }

    #[test]
    fn a_known_member_of_another_type_is_an_error() {
        assert!(Open::<Token>::new(json!({"id": "a", "version": "3"})).is_err());
    }
}
