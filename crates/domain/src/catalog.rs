//! Which permissions may be granted here. A token keeps what was taken out of the catalog after it was granted;
//! nobody gets it anew.

use thiserror::Error;

use crate::{Permission, PermissionSet, standard};

/// The permissions that a deployment grants.
#[derive(Debug, Clone)]
pub struct PermissionCatalog(PermissionSet);

/// A line of a catalog that is not a permission's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {text:?} is not a dotted permission name such as api.engagements.read")]
pub struct InvalidCatalog {
    /// The line's number, counted from 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
}

impl PermissionCatalog {
    /// The catalog of the [`standard`] table, with the service's [own](standard::OWN) permissions,
    /// and what only the default tenant's has.
    #[must_use]
    pub fn standard() -> Self {
        let names = standard::ALL.iter().cloned();
        let own = standard::OWN.iter().cloned();
        Self(names.chain(own).chain([standard::METRICS_READ]).collect())
    }

    /// A deployment's own catalog: one name a line, `#` begins a comment. The service's [own](standard::OWN)
    /// permissions are always in it.
    ///
    /// # Errors
    /// The first line that is no name.
    pub fn parse(text: &str) -> Result<Self, InvalidCatalog> {
        let names = text.lines().enumerate().filter_map(|(index, line)| {
            let name = line.split('#').next().unwrap_or_default().trim();
            (!name.is_empty()).then(|| {
                Permission::parse(name).map_err(|_| InvalidCatalog {
                    line: index + 1,
                    text: name.to_owned(),
                })
            })
        });
        let own = standard::OWN.iter().cloned();
        let own = own.chain([standard::METRICS_READ]).map(Ok);
        Ok(Self(names.chain(own).collect::<Result<_, _>>()?))
    }

    /// All names in it.
    #[must_use]
    pub const fn permissions(&self) -> &PermissionSet {
        &self.0
    }

    /// The names in it for tenants other than the default one, which cannot be given what concerns all tenants.
    #[must_use]
    pub fn of_one_tenant(&self) -> PermissionSet {
        let names = self
            .0
            .iter()
            .filter(|name| **name != standard::METRICS_READ);
        names.cloned().collect()
    }

    /// The permission of that exact name, where the catalog holds it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Permission> {
        Permission::parse(name)
            .ok()
            .filter(|permission| self.0.contains(permission))
    }

    /// The names of the catalog that are most like a text, best first, at most three.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Vec<Permission> {
        // The distance costs the product of the lengths; a text this long is near to nothing.
        if name.len() > Permission::MAX {
            return Vec::new();
        }
        let wanted = name.trim().to_lowercase();
        let mut ranked: Vec<_> = self
            .0
            .iter()
            .map(|permission| {
                (
                    strsim::jaro_winkler(&wanted, permission.as_str()),
                    permission,
                )
            })
            .filter(|(likeness, _)| *likeness > 0.85)
            .collect();
        ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        ranked
            .into_iter()
            .take(3)
            .map(|(_, permission)| permission.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_come_with_the_nearest_known_ones() {
        let catalog = PermissionCatalog::standard();
        for (wrong, near) in [
            ("api.task.read", "api.tasks.read"),
            ("api.tasks.Read", "api.tasks.read"),
            ("api.tasks.read ", "api.tasks.read"),
            ("api.webhook.delete", "api.webhooks.delete"),
        ] {
            assert_eq!(catalog.get(wrong), None);
            assert_eq!(catalog.nearest(wrong)[0].as_str(), near, "{wrong}");
        }
        for far in ["", "*", "zzz", &"api.tasks.read".repeat(100)] {
            assert_eq!(catalog.nearest(far), [], "{far}");
        }
    }

    #[test]
    fn what_concerns_all_tenants_is_no_tenants_own() {
        let catalog = PermissionCatalog::standard();
        assert_eq!(catalog.permissions().len(), standard::ALL.len() + 2);
        let of_one = catalog.of_one_tenant();
        let granted = standard::ALL.iter().chain(standard::OWN).cloned();
        assert_eq!(of_one, granted.collect());
    }

    #[test]
    fn a_catalog_of_ones_own_keeps_what_the_service_needs() {
        let catalog = PermissionCatalog::parse("# ours\nshop.orders.read # and why\n\n").unwrap();
        assert_eq!(catalog.permissions().len(), 1 + standard::OWN.len() + 1);
        assert_eq!(catalog.of_one_tenant().len(), 1 + standard::OWN.len());
        assert!(catalog.get("shop.orders.read").is_some());
        assert!(catalog.get("api.api-tokens.write").is_some());
        assert!(catalog.get("api.tasks.read").is_none());
    }

    #[test]
    fn a_bad_line_is_named() {
        let refused = PermissionCatalog::parse("shop.orders.read\nshop orders").unwrap_err();
        assert_eq!(
            refused,
            InvalidCatalog {
                line: 2,
                text: "shop orders".into()
            }
        );
    }
}
