//! The catalog: permissions that a deployment may grant. If a permission is removed from the
//! catalog, tokens that hold it keep it, and no token gets it anew.

use thiserror::Error;

use crate::{Permission, PermissionSet, standard};

/// The permissions that a deployment grants.
#[derive(Debug, Clone)]
pub struct PermissionCatalog(PermissionSet);

/// Suggestions for the unknown names of one request. Each costs a comparison with every name of the
/// catalog, so only the first few names get some if the catalog is large.
#[derive(Debug)]
pub struct Suggestions<'a> {
    catalog: &'a PermissionCatalog,
    left: usize,
}

impl Suggestions<'_> {
    /// The names that are most like the next unknown one, as [`PermissionCatalog::nearest`] finds
    /// them; none if enough was compared.
    pub fn next_for(&mut self, name: &str) -> Vec<Permission> {
        let Some(left) = self.left.checked_sub(1) else {
            return Vec::new();
        };
        self.left = left;
        self.catalog.nearest(name)
    }
}

/// A line of a catalog that is not a permission's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {text:?} is not a dotted permission name such as api.engagements.read")]
pub struct InvalidCatalog {
    /// The line's number, from 1.
    pub line: usize,
    /// The text of the line.
    pub text: String,
}

impl PermissionCatalog {
    /// How many comparisons of names one request is worth.
    const MOST_COMPARISONS: usize = 20_000;

    /// The suggestions for one request: at least for its first unknown name.
    #[must_use]
    pub fn suggestions(&self) -> Suggestions<'_> {
        let names = Self::MOST_COMPARISONS.checked_div(self.0.len());
        Suggestions {
            catalog: self,
            left: names.unwrap_or_default().max(1),
        }
    }

    /// The catalog of the [`standard`] table, with the service's [own](standard::OWN) permissions
    /// and those that only the default tenant has.
    #[must_use]
    pub fn standard() -> Self {
        let names = standard::ALL.iter().cloned();
        let own = standard::OWN.iter().cloned();
        Self(names.chain(own).chain([standard::METRICS_READ]).collect())
    }

    /// Parses a deployment's own catalog: one name a line, `#` begins a comment. The service's
    /// [own](standard::OWN) permissions are always added.
    ///
    /// # Errors
    /// Returns the first line that is not a name.
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

    /// All names of the catalog.
    #[must_use]
    pub const fn permissions(&self) -> &PermissionSet {
        &self.0
    }

    /// The names of the catalog for tenants other than the default one. Permissions that concern
    /// all tenants are left out.
    #[must_use]
    pub fn of_one_tenant(&self) -> PermissionSet {
        let names = self
            .0
            .iter()
            .filter(|name| **name != standard::METRICS_READ);
        names.cloned().collect()
    }

    /// The permission with exactly this name, if the catalog has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Permission> {
        Permission::parse(name)
            .ok()
            .filter(|permission| self.0.contains(permission))
    }

    /// The names of the catalog that are most similar to a text, the best first, at most three.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Vec<Permission> {
        // The distance costs the product of the lengths, and a text of this length is similar to no
        // name.
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
    fn a_request_compares_no_more_names_however_large_the_catalog_is() {
        let suggested = |names: usize| {
            let lines = (0..names).map(|n| format!("shop.orders.read-{n}\n"));
            let catalog = PermissionCatalog::parse(&lines.collect::<String>()).unwrap();
            let mut suggestions = catalog.suggestions();
            let asked = (0..100).map(|n| suggestions.next_for(&format!("shop.order.read-{n}")));
            let given: Vec<_> = asked.map(|near| !near.is_empty()).collect();
            assert!(given.is_sorted_by(|earlier, later| earlier >= later));
            given.into_iter().filter(|given| *given).count()
        };
        assert_eq!(suggested(100), 100);
        assert_eq!(suggested(4_990), 4);
        assert_eq!(suggested(30_000), 1);
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
