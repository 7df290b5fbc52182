//! Review of an edit before it is saved: as text, and as what is added and what is removed. The
//! form sends all that was entered, so that saving stores what was reviewed.

use countersign_domain::{
    AllowedAddresses, Changes, FieldChange, Metadata, PermissionSet, Timestamp, TokenView,
};
use maud::{Markup, html};

use super::{
    format,
    layout::{hidden, notice},
};
use crate::{auth::Viewer, form::TOKEN, token_form::TokenForm};

/// The page that asks whether to save.
pub(crate) fn page(
    who: &Viewer,
    view: &TokenView,
    entered: &TokenForm,
    changes: &Changes,
) -> Markup {
    let token = &view.token;
    html! {
        h1 { "Review the changes" }
        p.lead { "This will change " strong { bdi { (token.name.as_str()) } } " " span.faint { "(version " (token.version) ")" } ". Nothing is stored yet." }
        @if entered.lockout && changes.allowed_addresses.is_some() {
            (notice("warn", &html! { "You allowed your own address to be locked out. If it is, this is the last change that you can make here." }))
        }
        (list(changes))
        form.actions method="post" action={ "/console/tokens/" (token.id) "/edit" } {
            (hidden(TOKEN, &who.form_token))
            (entered_fields(entered))
            (hidden("version", &token.version.to_string()))
            button.primary type="submit" name="step" value="save" { "Save the changes" }
            button type="submit" name="step" value="edit" { "Go back and edit" }
            a.button.quiet href={ "/console/tokens/" (token.id) } { "Cancel" }
        }
    }
}

/// All entered values as hidden fields.
pub(crate) fn entered_fields(entered: &TokenForm) -> Markup {
    html! {
        (hidden("name", &entered.name))
        (hidden("lifetime", &entered.lifetime))
        (hidden("expiry", &entered.expiry))
        (hidden("addresses", &entered.addresses))
        @for permission in &entered.permissions { (hidden("permissions", permission)) }
        @if entered.lockout { (hidden("lockout", "yes")) }
        @for (name, text) in entered.annotations.fields() { (hidden(name, text)) }
    }
}

/// The changes, field by field.
pub(crate) fn list(changes: &Changes) -> Markup {
    html! {
        dl.changes {
            @if let Some(name) = &changes.name {
                (entry("Name", &values(name, |name| html! { bdi { (name.as_str()) } })))
            }
            @if let Some(expiry) = &changes.expiry {
                (entry("Expiry", &html! { (values(expiry, |at| format::time(*at))) (direction(expiry)) }))
            }
            @if let Some(permissions) = &changes.permissions {
                (entry("Permissions", &sets(permissions, names)))
            }
            @if let Some(addresses) = &changes.allowed_addresses {
                (entry("Allowed addresses", &html! {
                    (sets(addresses, |list| list.iter().collect()))
                    (any_address(addresses))
                }))
            }
            @if let Some(owner) = &changes.owner {
                (entry("Owner", &values(owner, |owner| html! { bdi { (owner.as_str()) } })))
            }
            @if let Some(description) = &changes.description {
                (entry("Description", &values(description, |text| html! { span.lines { (text.as_str()) } })))
            }
            @if let Some(metadata) = &changes.metadata {
                (entry("Metadata", &sets(metadata, pairs)))
            }
            @if let Some(partial) = &changes.partial_token {
                (entry("Secret", &values(partial, |partial| html! { code { (partial.as_str()) } })))
            }
            @if let Some(valid_until) = &changes.replaced_retires_at {
                @if let Some(at) = valid_until.after { (entry("Old secret works until", &format::time(at))) }
            }
        }
    }
}

fn entry(name: &str, what: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (what) } } }
}

fn values<T>(changed: &FieldChange<T>, show: impl Fn(&T) -> Markup) -> Markup {
    html! {
        @if let Some(before) = &changed.before { del { (show(before)) } " " span.arrow aria-label="becomes" role="img" { "→" } " " }
        @if let Some(after) = &changed.after { ins { (show(after)) } }
    }
}

fn direction(expiry: &FieldChange<Timestamp>) -> Markup {
    let said = match (expiry.before, expiry.after) {
        (Some(before), Some(after)) if after > before => "later than before",
        (Some(before), Some(after)) if after < before => "earlier than before",
        _ => return html! {},
    };
    html! { " " span.faint { "(" (said) ")" } }
}

/// The items that a set gains and loses.
fn sets<T>(changed: &FieldChange<T>, show: impl Fn(&T) -> Vec<String>) -> Markup {
    let shown = |value: &Option<T>| value.as_ref().map(&show).unwrap_or_default();
    let (before, after) = (shown(&changed.before), shown(&changed.after));
    let added: Vec<_> = after.iter().filter(|item| !before.contains(item)).collect();
    let removed: Vec<_> = before.iter().filter(|item| !after.contains(item)).collect();
    html! {
        ul.chips {
            @for item in added { li.chip.added { span.sr { "added " } (item) } }
            @for item in removed { li.chip.removed { span.sr { "removed " } (item) } }
        }
    }
}

fn pairs(metadata: &Metadata) -> Vec<String> {
    let pairs = metadata.iter().map(|(key, value)| format!("{key}={value}"));
    pairs.collect()
}

fn names(set: &PermissionSet) -> Vec<String> {
    set.iter().map(ToString::to_string).collect()
}

/// An empty list admits every address, which its chips alone do not show.
fn any_address(changed: &FieldChange<AllowedAddresses>) -> Markup {
    let any = AllowedAddresses::any();
    html! {
        @if changed.after.as_ref() == Some(&any) && changed.before.is_some() {
            p.warn-text { "From now on " strong { "any address" } " may use the token." }
        } @else if changed.before.as_ref() == Some(&any) {
            p.faint { "Until now any address could use the token." }
        } @else if changed.before.is_none() && changed.after.as_ref() == Some(&any) {
            p.faint { "Any address" }
        }
    }
}
