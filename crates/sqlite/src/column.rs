//! Values of columns. Each is checked when it is read: a value that this service never wrote is an
//! error that names its place.

use std::str::FromStr;

use countersign_application::ports::StoreError;
use countersign_domain::{
    AllowedAddresses, Description, Metadata, Owner, PartialToken, Permission, PermissionSet,
    Timestamp, TokenName, UserId, UserInfo, Version,
};
use sqlx::{
    Decode, Sqlite, Type,
    error::BoxDynError,
    sqlite::{SqliteTypeInfo, SqliteValueRef},
    types::Uuid,
};

/// A text; `None` if its bytes are not UTF-8, which SQLite does not check. That is an error of its
/// own row, not of all rows of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Text(Option<String>);

impl Type<Sqlite> for Text {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }

    fn compatible(info: &SqliteTypeInfo) -> bool {
        <String as Type<Sqlite>>::compatible(info)
    }
}

impl<'r> Decode<'r, Sqlite> for Text {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(Decode::<Sqlite>::decode(value).ok()))
    }
}

impl Text {
    pub(crate) fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// A user's name for display; the empty text, which is not a valid name, if the rules refuse
    /// it.
    pub(crate) fn shown(&self) -> &str {
        let name = self.as_str().unwrap_or_default();
        TokenName::stored(name).map_or("", |_| name)
    }
}

/// A table and a column.
#[derive(Clone, Copy)]
pub(crate) struct Column(pub(crate) &'static str, pub(crate) &'static str);

impl Column {
    pub(crate) fn check<T, E>(self, value: Result<T, E>) -> Result<T, StoreError> {
        value.map_err(|_| StoreError::Corrupt {
            table: self.0,
            column: self.1,
        })
    }

    pub(crate) fn id(self, bytes: &[u8]) -> Result<Uuid, StoreError> {
        self.check(Uuid::from_slice(bytes))
    }

    pub(crate) fn hash(self, bytes: &[u8]) -> Result<[u8; 32], StoreError> {
        self.check(bytes.try_into())
    }

    pub(crate) fn text(self, text: &Text) -> Result<&str, StoreError> {
        self.check(text.as_str().ok_or(()))
    }

    pub(crate) fn parse<T: FromStr>(self, text: &Text) -> Result<T, StoreError> {
        self.check(self.text(text)?.parse())
    }

    /// A user's name comes from another table; if that has no row, this reference is wrong.
    pub(crate) fn user(self, id: &[u8], name: Option<&Text>) -> Result<UserInfo, StoreError> {
        Ok(UserInfo {
            id: UserId::from_uuid(self.id(id)?),
            name: self.check(name.ok_or(()))?.shown().into(),
        })
    }

    pub(crate) fn time(self, micros: i64) -> Result<Timestamp, StoreError> {
        self.check(Timestamp::from_micros(micros).ok_or(()))
    }

    pub(crate) fn version(self, number: i64) -> Result<Version, StoreError> {
        self.check(Version::try_from(number))
    }

    pub(crate) fn permissions(self, json: &Text) -> Result<PermissionSet, StoreError> {
        let names: Vec<String> = self.check(serde_json::from_str(self.text(json)?))?;
        let permissions = names.iter().map(|name| Permission::parse(name));
        self.check(permissions.collect())
    }

    pub(crate) fn partial(self, text: &Text) -> Result<PartialToken, StoreError> {
        self.check(PartialToken::parse(self.text(text)?))
    }

    pub(crate) fn owner(self, text: Option<&Text>) -> Result<Option<Owner>, StoreError> {
        text.map(|text| self.check(Owner::parse(self.text(text)?)))
            .transpose()
    }

    pub(crate) fn description(
        self,
        text: Option<&Text>,
    ) -> Result<Option<Description>, StoreError> {
        text.map(|text| self.check(Description::parse(self.text(text)?)))
            .transpose()
    }

    pub(crate) fn metadata(self, json: Option<&Text>) -> Result<Metadata, StoreError> {
        let read = json.map(|json| self.check(serde_json::from_str(self.text(json)?)));
        Ok(read.transpose()?.unwrap_or_default())
    }

    pub(crate) fn addresses(self, json: &Text) -> Result<AllowedAddresses, StoreError> {
        let entries: Vec<String> = self.check(serde_json::from_str(self.text(json)?))?;
        self.check(AllowedAddresses::parse(entries))
    }
}
