//! Chips: small marks for permissions by area, addresses, and a token's state.

use std::collections::BTreeMap;

use countersign_domain::{AllowedAddresses, Permission, PermissionSet, Timestamp, Token};
use maud::{Markup, html};

use super::format;
use crate::token_form::DAY;

/// A token's state as a word and a colour.
pub(crate) fn state(token: &Token, now: Timestamp) -> Markup {
    let within = |days: u32| token.expiry <= now.plus_seconds(days * DAY);
    let (kind, word) = if token.is_expired(now) {
        ("off", "Expired".to_owned())
    } else if within(1) {
        ("bad", "Expires within a day".to_owned())
    } else if within(7) {
        ("warn", "Expires within 7 days".to_owned())
    } else if within(30) {
        ("soon", "Expires within 30 days".to_owned())
    } else {
        ("good", "Live".to_owned())
    };
    html! { span class={ "badge " (kind) } title={ "Expiry: " (format::instant(token.expiry)) } { (word) } }
}

/// Permissions grouped by area, at most so many groups, with the number of further ones.
pub(crate) fn permissions(set: &PermissionSet, most: usize) -> Markup {
    let areas = by_area(set);
    let more = areas.len().saturating_sub(most);
    html! {
        ul.chips {
            @for (area, held) in areas.iter().take(most) {
                li.chip { span.area { (short(area)) } @for permission in held { " " (permission.verb()) } }
            }
            @if more > 0 { li.chip.more { "+" (format::count(more as u64, "more area")) } }
        }
    }
}

/// Addresses, at most so many.
pub(crate) fn addresses(list: &AllowedAddresses, most: usize) -> Markup {
    let all: Vec<_> = list.iter().collect();
    let more = all.len().saturating_sub(most);
    html! {
        @if all.is_empty() {
            span.faint { "Any address" }
        } @else {
            ul.chips {
                @for address in all.iter().take(most) { li.chip.mono { (address) } }
                @if more > 0 { li.chip.more { "+" (more) " more" } }
            }
        }
    }
}

/// Each area with its permissions, in the order of the areas.
pub(crate) fn by_area<'a>(
    permissions: impl IntoIterator<Item = &'a Permission>,
) -> BTreeMap<&'a str, Vec<&'a Permission>> {
    let mut areas: BTreeMap<&str, Vec<&Permission>> = BTreeMap::new();
    for permission in permissions {
        areas.entry(permission.area()).or_default().push(permission);
    }
    areas
}

/// The area without the prefix that nearly all of them have.
pub(crate) fn short(area: &str) -> &str {
    area.strip_prefix("api.").unwrap_or(area)
}
