//! Users, and the permissions that can be granted.

use countersign_application::ports::{User, UserKind};
use countersign_domain::{Permission, Timestamp, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// A user's id and name.
#[derive(Debug, ToSchema)]
#[schema(as = UserInfo, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes a type of the domain, which knows no OpenAPI"
)]
pub(super) struct UserInfoRecord {
    /// The user.
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// The user's current name.
    user_name: String,
}

/// All permissions that can be granted here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermissionList {
    pub(crate) content: Vec<PermissionRecord>,
}

/// A permission.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permission)]
pub(crate) struct PermissionRecord {
    /// The permission's whole name.
    #[schema(value_type = String, example = "api.tasks.read")]
    name: Permission,
    /// The permission's area: all but the last part of the name.
    #[schema(example = "api.tasks")]
    area: String,
    /// The permission's verb: the last part of the name.
    #[schema(example = "read")]
    verb: String,
}

impl From<&Permission> for PermissionRecord {
    fn from(permission: &Permission) -> Self {
        Self {
            name: permission.clone(),
            area: permission.area().to_owned(),
            verb: permission.verb().to_owned(),
        }
    }
}

/// The kinds of users.
#[derive(Debug, ToSchema)]
#[schema(as = UserKind, rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "describes a type of the domain, which knows no OpenAPI"
)]
enum Kind {
    ApiToken,
    Person,
    System,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(crate) struct UserRecord {
    #[schema(value_type = String, format = "uuid")]
    id: UserId,
    name: String,
    /// The kind of user.
    #[schema(value_type = Kind)]
    kind: &'static str,
    /// Whether the user may still act.
    enabled: bool,
    /// Whether the user stands for a program and not for a person.
    service_account: bool,
    #[schema(value_type = String, format = DateTime)]
    creation_date: Timestamp,
}

impl From<User> for UserRecord {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name.as_ref().to_owned(),
            kind: user.kind.as_str(),
            enabled: user.enabled,
            service_account: user.kind != UserKind::Person,
            creation_date: user.created,
        }
    }
}
