//! Merge of two people's edits of one token. No edit is lost and none is overwritten unseen: if
//! only one of them changed a field, that value is proposed; if both did, a person decides. The
//! result is reviewed like any other edit, against the stored version.

use std::collections::BTreeSet;

use countersign_domain::{AllowedAddresses, Timestamp, TokenView};
use maud::{Markup, html};

use super::{format, layout::hidden};
use crate::{
    annotations_form::AnnotationsForm,
    auth::Viewer,
    form::TOKEN,
    merge_base::{BaseValues, MergeBase},
    token_form::{ANYWHERE, DATE, KEEP, TokenForm},
};

/// The page. `yours` has its instant spelt out.
pub(crate) fn page(
    who: &Viewer,
    current: &TokenView,
    since: &MergeBase,
    yours: &TokenForm,
    now: Timestamp,
) -> Markup {
    let token = &current.token;
    let (base, theirs) = (&since.base, BaseValues::from(token));
    let expiry = yours.instant(now).ok().flatten().unwrap_or(base.expiry);
    html! {
        h1 { "Somebody else changed this token meanwhile" }
        p.lead {
            "Nothing of yours is stored yet, and nothing is lost. Below is what you entered beside what is stored now"
            @if let Some(event) = since.events.first() {
                ", last changed by " bdi { (event.by_name) } " " (format::ago(event.event.content.at, now))
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
                base: format::time(base.expiry),
                theirs: (KEEP, format::time(theirs.expiry)),
                yours: (DATE, format::time(expiry)),
                changed: (theirs.expiry != base.expiry, expiry != base.expiry),
                agreed: theirs.expiry == expiry,
            }))
            (hidden("expiry", &expiry.to_string()))
            (set("Permissions", "permissions", &Sets::of(&base.permissions, &theirs.permissions, &yours.permissions), None))
            (addresses(&base.addresses, &theirs.addresses, &canonical(&yours.address_lines())))
            (annotations(&base.annotations, &theirs.annotations, &yours.annotations))
            div.actions {
                button.primary type="submit" name="step" value="review" { "Review the result" }
                a.button href={ "/console/tokens/" (token.id) } { "Keep what is stored" }
            }
        }
    }
}

/// A field with one value.
struct Scalar<'a> {
    legend: &'a str,
    field: &'a str,
    base: Markup,
    /// The value that is sent, and the one that is shown.
    theirs: (&'a str, Markup),
    yours: (&'a str, Markup),
    /// Whether they changed it, and whether you did.
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

/// Each annotation as one value: pairs of metadata that were typed as lines are not taken apart.
fn annotations(
    base: &AnnotationsForm,
    theirs: &AnnotationsForm,
    yours: &AnnotationsForm,
) -> Markup {
    let fields = [
        ("Owner", "owner", [&base.owner, &theirs.owner, &yours.owner]),
        (
            "Description",
            "description",
            [&base.description, &theirs.description, &yours.description],
        ),
        (
            "Metadata",
            "metadata",
            [&base.metadata, &theirs.metadata, &yours.metadata],
        ),
    ];
    html! {
        @for (legend, field, [base, theirs, yours]) in fields {
            // A form without the field changes nothing.
            @let yours = yours.as_ref().or(base.as_ref());
            @let [base, theirs, yours] = [base.as_ref(), theirs.as_ref(), yours].map(|text| text.map_or("", String::as_str));
            (scalar(&Scalar {
                legend,
                field,
                base: text(base),
                theirs: (theirs, text(theirs)),
                yours: (yours, text(yours)),
                changed: (theirs != base, yours != base),
                agreed: theirs == yours,
            }))
        }
    }
}

fn text(words: &str) -> Markup {
    html! {
        @if words.is_empty() { span.faint { "none" } } @else { bdi.lines { (words) } }
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
    /// Whether the item is proposed.
    ticked: bool,
    /// The note about who changed it.
    note: &'static str,
}

impl Sets {
    /// Items that both kept stay, items that either added are added, items that either removed are
    /// removed.
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

    /// The same for a list of which an empty one admits every address: two narrowed lists must
    /// never merge into an empty one, so then everything that either of them kept is proposed.
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

/// The addresses in the stored form; a text that is not an address stays as it was typed.
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

/// Item by item, unless one of the two is empty: there is no middle between some addresses and any
/// address.
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
    // Proposed if only one of both changed anything: that one's choice.
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
#[path = "merge_tests.rs"]
mod tests;
