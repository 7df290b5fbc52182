//! The standard permissions of a deployment without a catalog of its own: one table, one constant
//! for each name.

use std::sync::LazyLock;

use crate::{Permission, PermissionSet};

macro_rules! standard {
    ($($constant:ident = $name:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`")]
            pub const $constant: Permission = Permission::from_static($name);
        )*

        /// Every name of the table, in the table's order.
        pub const ALL: &[Permission] = &[$($constant),*];
    };
}

standard! {
    ORGANIZATIONS_READ = "api.organizations.read";
    ORGANIZATIONS_WRITE = "api.organizations.write";
    ORGANIZATIONS_DELETE = "api.organizations.delete";
    ENGAGEMENTS_READ = "api.engagements.read";
    ENGAGEMENTS_WRITE = "api.engagements.write";
    ENGAGEMENTS_DELETE = "api.engagements.delete";
    ANALYSES_READ = "api.analyses.read";
    ANALYSES_WRITE = "api.analyses.write";
    ANALYSES_DELETE = "api.analyses.delete";
    ANALYSES_RUN = "api.analyses.run";
    ANALYSIS_SOURCES_READ = "api.analysis-sources.read";
    ANALYSIS_SOURCES_WRITE = "api.analysis-sources.write";
    ANALYSIS_SOURCES_DELETE = "api.analysis-sources.delete";
    FILE_MANAGER_READ = "api.file-manager.read";
    FILE_MANAGER_WRITE = "api.file-manager.write";
    FILE_MANAGER_DELETE = "api.file-manager.delete";
    REPORTING_PERIOD_CONFIG_READ = "api.reporting-period-config.read";
    REPORTING_PERIOD_CONFIG_WRITE = "api.reporting-period-config.write";
    REPORTING_PERIOD_CONFIG_DELETE = "api.reporting-period-config.delete";
    LIBRARIES_READ = "api.libraries.read";
    LIBRARIES_WRITE = "api.libraries.write";
    LIBRARIES_DELETE = "api.libraries.delete";
    ACCOUNT_GROUPINGS_READ = "api.account-groupings.read";
    ACCOUNT_GROUPINGS_WRITE = "api.account-groupings.write";
    ACCOUNT_GROUPINGS_DELETE = "api.account-groupings.delete";
    ENGAGEMENT_ACCOUNT_GROUPINGS_READ = "api.engagement-account-groupings.read";
    ENGAGEMENT_ACCOUNT_GROUPINGS_WRITE = "api.engagement-account-groupings.write";
    ENGAGEMENT_ACCOUNT_GROUPINGS_DELETE = "api.engagement-account-groupings.delete";
    USERS_READ = "api.users.read";
    USERS_WRITE = "api.users.write";
    USERS_DELETE = "api.users.delete";
    DATA_TABLES_READ = "api.data-tables.read";
    API_TOKENS_READ = "api.api-tokens.read";
    API_TOKENS_WRITE = "api.api-tokens.write";
    API_TOKENS_DELETE = "api.api-tokens.delete";
    TASKS_READ = "api.tasks.read";
    TASKS_WRITE = "api.tasks.write";
    TASKS_DELETE = "api.tasks.delete";
    ADMIN_REPORTS_RUN = "api.admin-reports.run";
    ANALYSIS_TYPES_READ = "api.analysis-types.read";
    ANALYSIS_SOURCE_TYPES_READ = "api.analysis-source-types.read";
    ANALYSIS_TYPE_CONFIGURATION_READ = "api.analysis-type-configuration.read";
    ANALYSIS_TYPE_CONFIGURATION_WRITE = "api.analysis-type-configuration.write";
    ANALYSIS_TYPE_CONFIGURATION_DELETE = "api.analysis-type-configuration.delete";
    RISK_RANGES_READ = "api.risk-ranges.read";
    RISK_RANGES_WRITE = "api.risk-ranges.write";
    RISK_RANGES_DELETE = "api.risk-ranges.delete";
    FILTERS_READ = "api.filters.read";
    FILTERS_WRITE = "api.filters.write";
    FILTERS_DELETE = "api.filters.delete";
    FILE_INFOS_READ = "api.file-infos.read";
    WEBHOOKS_READ = "api.webhooks.read";
    WEBHOOKS_WRITE = "api.webhooks.write";
    WEBHOOKS_DELETE = "api.webhooks.delete";
    CONNECTIONS_READ = "api.connections.read";
    CONNECTIONS_WRITE = "api.connections.write";
    CONNECTIONS_DELETE = "api.connections.delete";
    CONNECTION_DATA_SOURCES_READ = "api.connection-data-sources.read";
    CONNECTION_DATA_SOURCES_WRITE = "api.connection-data-sources.write";
    CONNECTION_DATA_SOURCES_DELETE = "api.connection-data-sources.delete";
    SCIM_USER_READ = "scim.user.read";
    SCIM_USER_WRITE = "scim.user.write";
    SCIM_USER_DELETE = "scim.user.delete";
    SCIM_USER_SCHEMA = "scim.user.schema";
}

/// Reads the metrics of the whole service, which cover all tenants. The table does not have it;
/// only the default tenant's catalog does.
pub const METRICS_READ: Permission = Permission::from_static("api.metrics.read");

/// Rotates the caller's own token, and nothing else. The table does not have it; it is one of the
/// service's own.
pub const API_TOKENS_ROTATE_SELF: Permission =
    Permission::from_static("api.api-tokens.rotate-self");

/// The table by name, so that a name from the table takes no memory of its own.
static BY_NAME: LazyLock<PermissionSet> = LazyLock::new(|| {
    let names = ALL.iter().cloned();
    names
        .chain([METRICS_READ, API_TOKENS_ROTATE_SELF])
        .collect()
});

pub(crate) fn find(name: &str) -> Option<Permission> {
    BY_NAME.find(name).cloned()
}

/// The permissions that the service itself requires. They are in every catalog, even in one that a
/// deployment brings.
pub const OWN: &[Permission] = &[
    API_TOKENS_READ,
    API_TOKENS_WRITE,
    API_TOKENS_DELETE,
    API_TOKENS_ROTATE_SELF,
    USERS_READ,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_64_valid_names_once_each() {
        let mut names: Vec<_> = ALL.iter().map(Permission::as_str).collect();
        assert!(names.iter().all(|name| Permission::parse(name).is_ok()));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 64);
    }
}
