//! The permissions as a table with checkboxes: areas as rows, verbs as columns. Permissions that
//! the user does not hold are shown with the reason why they cannot be ticked.

use std::collections::BTreeMap;

use countersign_domain::{Permission, PermissionSet};
use maud::{Markup, html};

use super::chips::{by_area, short};

/// The verbs that come first, in this order.
const FIRST: [&str; 4] = ["read", "write", "delete", "run"];
/// The maximum number of columns; the remaining verbs share one.
const WIDEST: usize = 6;

/// The state that decides about each checkbox.
pub(crate) struct Matrix<'a> {
    /// The permissions that can be granted.
    pub(crate) catalog: &'a PermissionSet,
    /// The permissions that the token already holds, including those that have left the catalog.
    pub(crate) stored: Option<&'a PermissionSet>,
    /// The permissions of the signed-in user.
    pub(crate) held: &'a PermissionSet,
    /// The ticked permissions.
    pub(crate) ticked: &'a [String],
    /// Whether the choice has a fault.
    pub(crate) faulty: bool,
}

impl Matrix<'_> {
    /// The table, with the search and the counter around it.
    pub(crate) fn markup(&self) -> Markup {
        let all = match self.stored {
            Some(stored) => self.catalog.union(stored),
            None => self.catalog.clone(),
        };
        let columns = Columns::of(&all);
        let rows = by_area(&all);
        let lacks = all.iter().any(|permission| !self.may_tick(permission));
        html! {
            div.tools {
                label.search.js-only for="find-permission" { span.sr { "Find a permission" } input #find-permission type="search" placeholder="Find an area or a verb" autocomplete="off"; }
                output.count #count for="permissions" {}
            }
            @if lacks {
                p.hint #not-held { "Greyed out: the token that you signed in with does not hold these, so it cannot give them to another one." }
            }
            div.scroll {
                table.matrix #permissions tabindex="-1" aria-describedby=[self.faulty.then_some("permissions-fault")] {
                    thead { tr {
                        th scope="col" { "Area" }
                        @for verb in &columns.verbs { th.verb scope="col" data-verb=(verb) { (verb) } }
                        @if columns.rest { th.verb scope="col" { "other" } }
                    } }
                    tbody {
                        @for (area, permissions) in &rows {
                            tr data-find=(find_text(permissions)) {
                                th scope="row" { span.area { (short(area)) } }
                                @for verb in &columns.verbs {
                                    td data-verb=(verb) {
                                        @for permission in permissions.iter().filter(|permission| permission.verb() == verb) { (self.tick(permission)) }
                                    }
                                }
                                @if columns.rest {
                                    td.rest {
                                        @for permission in permissions.iter().filter(|permission| !columns.has(permission.verb())) { (self.tick(permission)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Whether a checkbox may be ticked. A permission that the token already holds may be kept by
    /// anybody who may write.
    fn may_tick(&self, permission: &Permission) -> bool {
        let stored = self
            .stored
            .is_some_and(|stored| stored.contains(permission));
        stored || self.held.contains(permission)
    }

    fn tick(&self, permission: &Permission) -> Markup {
        let name = permission.as_str();
        let may = self.may_tick(permission);
        let gone = !self.catalog.contains(permission);
        let ticked = self.ticked.iter().any(|ticked| ticked == name);
        let why = if !may {
            Some("Not held by the token that you signed in with")
        } else if gone {
            Some("No longer in the catalog: it can be kept or taken away, not given anew")
        } else {
            None
        };
        html! {
            label.tick.off[!may].gone[gone] title=[why] {
                // A checkbox that cannot be ticked is sent if it was ticked before, so that the
                // refusal explains it.
                input type="checkbox" name="permissions" value=(name) aria-label=(name) checked[ticked] disabled[!may && !ticked]
                    aria-describedby=[(!may).then_some("not-held")];
                span.verb { (permission.verb()) }
            }
        }
    }
}

struct Columns {
    verbs: Vec<String>,
    rest: bool,
}

impl Columns {
    fn of(all: &PermissionSet) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for permission in all {
            *counts.entry(permission.verb()).or_default() += 1;
        }
        let mut verbs: Vec<_> = counts.into_iter().collect();
        let place = |verb: &str| FIRST.iter().position(|first| *first == verb);
        verbs.sort_by_key(|(verb, count)| (place(verb).unwrap_or(FIRST.len()), usize::MAX - count));
        let rest = verbs.len() > WIDEST;
        let kept = if rest { WIDEST - 1 } else { WIDEST };
        let verbs = verbs.into_iter().take(kept);
        Self {
            verbs: verbs.map(|(verb, _)| verb.to_owned()).collect(),
            rest,
        }
    }

    fn has(&self, verb: &str) -> bool {
        self.verbs.iter().any(|column| column == verb)
    }
}

fn find_text(permissions: &[&Permission]) -> String {
    let names: Vec<_> = permissions
        .iter()
        .map(|permission| permission.as_str())
        .collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> PermissionSet {
        names
            .iter()
            .map(|name| Permission::parse(name).unwrap())
            .collect()
    }

    #[test]
    fn what_is_not_held_cannot_be_ticked_and_says_why() {
        let catalog = set(&["shop.orders.read", "shop.orders.write"]);
        let held = set(&["shop.orders.read"]);
        let matrix = |stored| Matrix {
            catalog: &catalog,
            stored,
            held: &held,
            ticked: &[],
            faulty: false,
        };
        let page = matrix(None).markup().into_string();
        assert_eq!(page.matches(" disabled").count(), 1);
        assert!(page.contains("id=\"not-held\""));
        let stored = set(&["shop.orders.write", "shop.gone.read"]);
        let page = matrix(Some(&stored)).markup().into_string();
        assert_eq!(
            page.matches(" disabled").count(),
            0,
            "what is stored may stay"
        );
        assert!(page.contains("shop.gone") && page.contains("No longer in the catalog"));
    }

    #[test]
    fn many_verbs_share_a_last_column() {
        let columns = Columns::of(&set(&["a.b.read", "a.b.write"]));
        assert_eq!((columns.verbs.len(), columns.rest), (2, false));
        let many = [
            "a.b.read",
            "a.b.go",
            "a.c.go",
            "a.b.x",
            "a.b.y",
            "a.b.z",
            "a.b.w",
            "a.b.write",
        ];
        let columns = Columns::of(&set(&many));
        assert_eq!(columns.verbs[..3], ["read", "write", "go"]);
        assert!(columns.rest && columns.verbs.len() == 5);
    }
}
