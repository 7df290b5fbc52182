//! Two people changed one token. Nothing of either is lost and nothing is overwritten unseen: where only one of them
//! changed something, that is proposed; where both did, a person decides. What is chosen is reviewed like any other edit,
//! against the version that is stored now.

use std::collections::BTreeSet;

use countersign_domain::{AllowedAddresses, Timestamp, TokenView};
use maud::{Markup, html};

use super::{layout::hidden, words};
use crate::{
    base::{Since, Values},
    entered::{ANYWHERE, DATE, Entered, KEEP},
    form::TOKEN,
    signed::Who,
};

/// The page. `yours` has its instant spelt out.
pub(crate) fn page(
    who: &Who,
    current: &TokenView,
    since: &Since,
    yours: &Entered,
    now: Timestamp,
) -> Markup {
    let token = &current.token;
    let (base, theirs) = (&since.base, Values::from(token));
    let expiry = yours.instant(now).ok().flatten().unwrap_or(base.expiry);
    html! {
        h1 { "Somebody else changed this token meanwhile" }
        p.lead {
            "Nothing of yours is stored yet, and nothing is lost. Below is what you entered beside what is stored now"
            @if let Some(event) = since.events.first() {
                ", last changed by " bdi { (event.by_name) } " " (words::ago(event.event.content.at, now))
            }
            "."
        }
        form method="post" action={ "/console/tokens/" (token.id) "/edit" } {
            (hidden(TOKEN, &who.form_token))
            (hidden("version", &token.version.to_string()))
            (scalar(&Scalar {
                legend: "Name",
                field: "name",
                base: html! { bdi { (base.name) } },
                theirs: (&theirs.name, html! { bdi { (theirs.name) } }),
                yours: (&yours.name, html! { bdi { (yours.name) } }),
                changed: (theirs.name != base.name, yours.name != base.name),
                agreed: theirs.name == yours.name,
            }))
            (scalar(&Scalar {
                legend: "Expiry",
                field: "lifetime",
                base: words::time(base.expiry),
                theirs: (KEEP, words::time(theirs.expiry)),
                yours: (DATE, words::time(expiry)),
                changed: (theirs.expiry != base.expiry, expiry != base.expiry),
                agreed: theirs.expiry == expiry,
            }))
            (hidden("expiry", &expiry.to_string()))
            (set("Permissions", "permissions", &Sets::of(&base.permissions, &theirs.permissions, &yours.permissions), None))
            (addresses(&base.addresses, &theirs.addresses, &canonical(&yours.address_lines())))
            div.actions {
                button.primary type="submit" name="step" value="review" { "Review the result" }
                a.button href={ "/console/tokens/" (token.id) } { "Keep what is stored" }
            }
        }
    }
}

/// A field of which there is one value.
struct Scalar<'a> {
    legend: &'a str,
    field: &'a str,
    base: Markup,
    /// What is sent for it, and what is shown.
    theirs: (&'a str, Markup),
    yours: (&'a str, Markup),
    /// By them, by you.
    changed: (bool, bool),
    agreed: bool,
}

fn scalar(field: &Scalar<'_>) -> Markup {
    let (they, you) = field.changed;
    if field.agreed || !(they || you) {
        let note = if they {
            "both of you want this"
        } else {
            "unchanged"
        };
        return html! {
            fieldset.field.three {
                legend { (field.legend) }
                (hidden(field.field, field.theirs.0))
                p { (field.theirs.1) " " span.faint { "(" (note) ")" } }
            }
        };
    }
    let both = they && you;
    html! {
        fieldset.field.three.conflict[both] {
            legend { (field.legend) }
            p.faint { "Before: " (field.base) }
            @if both { p.warn-text { "Both of you changed it: choose." } }
            label.choice { input type="radio" name=(field.field) value=(field.yours.0) required[both] checked[!they]; " " span.tag { "Yours" } " " (field.yours.1) }
            label.choice { input type="radio" name=(field.field) value=(field.theirs.0) required[both] checked[!you]; " " span.tag { "Stored now" } " " (field.theirs.1) }
        }
    }
}

/// A field that is a set, item by item.
#[derive(Debug, PartialEq, Eq)]
struct Sets {
    items: Vec<Item>,
}

#[derive(Debug, PartialEq, Eq)]
struct Item {
    text: String,
    /// Whether it is proposed.
    ticked: bool,
    /// What somebody did to it.
    note: &'static str,
}

impl Sets {
    /// What both left stays, what either added comes, what either took away goes.
    fn of(base: &[String], theirs: &[String], yours: &[String]) -> Self {
        let all: BTreeSet<_> = base.iter().chain(theirs).chain(yours).collect();
        let items = all.into_iter().map(|text| {
            let [was, they, you] = [base, theirs, yours].map(|side| side.contains(text));
            let (ticked, note) = match (was, they, you) {
                (true, false, false) => (false, "both of you took it away"),
                (true, false, true) => (false, "they took it away"),
                (true, true, false) => (false, "you took it away"),
                (false, true, true) => (true, "both of you added it"),
                (false, true, false) => (true, "they added it"),
                (false, false, true) => (true, "you added it"),
                (true, true, true) | (false, false, false) => (true, ""),
            };
            Item {
                text: text.clone(),
                ticked,
                note,
            }
        });
        Self {
            items: items.collect(),
        }
    }

    /// The same for a list of which an empty one admits everybody: what two people narrowed never comes out as that,
    /// so then everything that either of them kept is proposed.
    fn of_addresses(base: &[String], theirs: &[String], yours: &[String]) -> Self {
        let mut sets = Self::of(base, theirs, yours);
        if sets.items.iter().all(|item| !item.ticked) {
            for item in &mut sets.items {
                item.ticked = theirs.contains(&item.text) || yours.contains(&item.text);
            }
        }
        sets
    }
}

/// As they would be stored; what is no address stays as it was typed.
fn canonical(lines: &[String]) -> Vec<String> {
    let written = lines
        .iter()
        .map(|line| match AllowedAddresses::parse([line]) {
            Ok(list) => list.iter().next().unwrap_or_default(),
            Err(_) => line.clone(),
        });
    let mut all: Vec<_> = written.collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Item by item, but for a list beside none at all: between some addresses and any address there is no middle.
fn addresses(base: &[String], theirs: &[String], yours: &[String]) -> Markup {
    let same = |one: &[String], other: &[String]| {
        let sorted = |side: &[String]| side.iter().cloned().collect::<BTreeSet<_>>();
        sorted(one) == sorted(other)
    };
    if theirs.is_empty() == yours.is_empty() {
        let sets = if theirs.is_empty() {
            Sets { items: Vec::new() }
        } else {
            Sets::of_addresses(base, theirs, yours)
        };
        return set(
            "Allowed addresses",
            "addresses",
            &sets,
            Some("None ticked means any address."),
        );
    }
    let (list, whose) = if theirs.is_empty() {
        (yours, ["Stored now", "Yours"])
    } else {
        (theirs, ["Yours", "Stored now"])
    };
    let (they, you) = (!same(theirs, base), !same(yours, base));
    let both = they && you;
    // Proposed where only one of both changed anything: what that one wants.
    let any = !both && (if they { theirs } else { yours }).is_empty();
    html! {
        fieldset.field.three.conflict[both] {
            legend { "Allowed addresses" }
            p.faint { "Before: " @if base.is_empty() { "any address" } @else { (base.join(", ")) } }
            @if both { p.warn-text { "Both of you changed it: choose." } }
            label.choice { input type="radio" name=(ANYWHERE) value="yes" required[both] checked[any]; " " span.tag { (whose[0]) } " Any address" }
            label.choice { input type="radio" name=(ANYWHERE) value="no" required[both] checked[!both && !any]; " " span.tag { (whose[1]) } " These only:" }
            div.under {
                @for address in list {
                    label.choice { input type="checkbox" name="addresses" value=(address) checked; " " code { (address) } }
                }
            }
        }
    }
}

fn set(legend: &str, name: &str, sets: &Sets, hint: Option<&str>) -> Markup {
    let touched = sets.items.iter().any(|item| !item.note.is_empty());
    let same = sets.items.iter().filter(|item| item.note.is_empty());
    let differing = sets.items.iter().filter(|item| !item.note.is_empty());
    html! {
        fieldset.field.three {
            legend { (legend) }
            @if !touched { p.faint { "Unchanged." } }
            @for item in differing {
                label.choice {
                    input type="checkbox" name=(name) value=(item.text) checked[item.ticked];
                    " " code { (item.text) } " " span.tag { (item.note) }
                }
            }
            @if sets.items.iter().any(|item| item.note.is_empty()) {
                details open[!touched] {
                    summary { "Unchanged" }
                    @for item in same {
                        label.choice { input type="checkbox" name=(name) value=(item.text) checked; " " code { (item.text) } }
                    }
                }
            }
            @if let Some(hint) = hint { p.hint { (hint) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> Vec<String> {
        items.iter().map(ToString::to_string).collect()
    }

    fn proposed(sets: &Sets) -> Vec<&str> {
        let ticked = sets.items.iter().filter(|item| item.ticked);
        ticked.map(|item| item.text.as_str()).collect()
    }

    #[test]
    fn what_one_side_changed_is_proposed() {
        let base = list(&["a", "b", "c"]);
        let sets = Sets::of(&base, &list(&["a", "c", "d"]), &list(&["a", "b", "e"]));
        assert_eq!(proposed(&sets), ["a", "d", "e"]);
        let notes: Vec<_> = sets.items.iter().map(|item| item.note).collect();
        assert_eq!(
            notes,
            [
                "",
                "they took it away",
                "you took it away",
                "they added it",
                "you added it"
            ]
        );
    }

    #[test]
    fn two_narrowings_never_come_out_as_any_address() {
        let sets = Sets::of_addresses(&list(&["a", "b"]), &list(&["a"]), &list(&["b"]));
        assert_eq!(proposed(&sets), ["a", "b"]);
        let listed = Sets::of_addresses(&[], &list(&["a"]), &list(&["b"]));
        assert_eq!(proposed(&listed), ["a", "b"]);
    }

    #[test]
    fn between_a_list_and_any_address_somebody_chooses() {
        let chosen = |page: &str, value: &str| page.contains(&format!("value=\"{value}\" checked"));
        for (base, theirs, yours, expected) in [
            (&["a", "b"][..], &[][..], &["a"][..], None),
            (&["a"], &[], &["a", "b"], None),
            (&["a"], &["a", "b"], &[], None),
            (&["a"], &[], &["a"], Some("yes")),
            (&["a"], &["a"], &[], Some("yes")),
            (&[], &["a"], &[], Some("no")),
            (&[], &[], &["a"], Some("no")),
        ] {
            let page = addresses(&list(base), &list(theirs), &list(yours)).into_string();
            assert_eq!(page.contains("choose."), expected.is_none(), "{page}");
            assert_eq!(chosen(&page, "yes"), expected == Some("yes"), "{page}");
            assert_eq!(chosen(&page, "no"), expected == Some("no"), "{page}");
        }
    }

    #[test]
    fn what_was_typed_is_compared_as_it_would_be_stored() {
        let typed = list(&["10.0.0.1/32", "::ffff:192.0.2.1", "nowhere", "10.0.0.1"]);
        assert_eq!(canonical(&typed), ["10.0.0.1", "192.0.2.1", "nowhere"]);
    }
}
