//! Sets of permissions with one stable order: two equal sets look the same wherever they are shown.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Permission;

/// A set of permissions, ordered by name. A clone is cheap.
///
/// ```
/// use countersign_domain::{PermissionSet, standard::{TASKS_READ, TASKS_WRITE}};
/// let reader: PermissionSet = [TASKS_READ].into_iter().collect();
/// let writer: PermissionSet = [TASKS_WRITE, TASKS_READ, TASKS_READ].into_iter().collect();
/// assert!(reader.is_subset(&writer));
/// assert_eq!(writer.difference(&reader).to_string(), "api.tasks.write");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PermissionSet(Arc<[Permission]>);

impl PermissionSet {
    /// Whether the permission is in the set.
    #[must_use]
    pub fn contains(&self, permission: &Permission) -> bool {
        self.0.binary_search(permission).is_ok()
    }

    /// The permission with that name, if the set has it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Permission> {
        let place = self
            .0
            .binary_search_by(|permission| permission.as_str().cmp(name));
        place.ok().map(|index| &self.0[index])
    }

    /// Whether the other set contains all of this one.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.len() <= other.len() && self.iter().all(|permission| other.contains(permission))
    }

    /// The permissions of this set and of the other.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).cloned().collect()
    }

    /// The permissions of this set that the other lacks.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        // The result is filtered from a sorted set, so it needs no sorting.
        Self(
            self.iter()
                .filter(|permission| !other.contains(permission))
                .cloned()
                .collect(),
        )
    }

    /// The permissions in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Permission> {
        self.0.iter()
    }

    /// The number of bytes that a request may need to name all permissions, as JSON or as a form:
    /// each name with its quotes, its comma and an indentation, or with the name of its field.
    #[must_use]
    pub fn written_len(&self) -> usize {
        self.iter().map(|name| name.as_str().len() + 16).sum()
    }

    /// The number of permissions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        let mut sorted: Vec<_> = permissions.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        Self(sorted.into())
    }
}

impl<'a> IntoIterator for &'a PermissionSet {
    type Item = &'a Permission;
    type IntoIter = std::slice::Iter<'a, Permission>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for PermissionSet {
    /// Writes the names with blanks between them, in the form of a `scope` (RFC 6749, section 3.3).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, permission) in self.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{permission}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for PermissionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for PermissionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Permission>::deserialize(deserializer)?
            .into_iter()
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::standard;

    fn set() -> impl Strategy<Value = PermissionSet> {
        vec(select(standard::ALL), 0..20).prop_map(PermissionSet::from_iter)
    }

    proptest! {
        #[test]
        fn union_is_the_least_set_above_both(a in set(), b in set(), c in set()) {
            let both = a.union(&b);
            prop_assert!(a.is_subset(&both) && b.is_subset(&both));
            prop_assert_eq!(both.is_subset(&c), a.is_subset(&c) && b.is_subset(&c));
            prop_assert_eq!(&both, &b.union(&a));
            prop_assert_eq!(both.union(&c), a.union(&b.union(&c)));
            prop_assert_eq!(&a.union(&a), &a);
        }

        #[test]
        fn difference_is_what_the_other_lacks(a in set(), b in set()) {
            let rest = a.difference(&b);
            prop_assert!(rest.iter().all(|p| a.contains(p) && !b.contains(p)));
            prop_assert_eq!(rest.union(&b), a.union(&b));
            prop_assert_eq!(rest.is_empty(), a.is_subset(&b));
        }

        #[test]
        fn order_and_doubles_of_the_input_do_not_show(permissions in vec(select(standard::ALL), 0..20)) {
            let forward: PermissionSet = permissions.iter().cloned().collect();
            let doubled: PermissionSet = permissions.iter().rev().chain(&permissions).cloned().collect();
            prop_assert_eq!(&forward, &doubled);
            prop_assert!(forward.0.is_sorted());
            prop_assert!(permissions.iter().all(|p| forward.contains(p)));
        }
    }
}
