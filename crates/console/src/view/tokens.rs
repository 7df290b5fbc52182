//! The list of tokens: the filter, the table, and the links to other pages.

use countersign_application::{
    ports::Unreadable,
    query::{OrderField, Page},
};
use countersign_domain::{PermissionSet, Timestamp, Token, TokenView};
use maud::{Markup, html};

use super::{chips, format, layout::notice};
use crate::{
    auth::Viewer,
    list_query::{LIST, ListQuery, ORDERS, SIZE, State},
};

/// The page.
pub(crate) fn page(
    who: &Viewer,
    view: &ListQuery,
    found: &Page<TokenView>,
    catalog: &PermissionSet,
    now: Timestamp,
) -> Markup {
    html! {
        div.title {
            h1 { "Tokens" }
            @if who.writes { div.actions { a.button.primary href="/console/tokens/new" { "New token" } } }
        }
        (search(view, catalog))
        p.count role="status" { (counted(view, found)) }
        (unreadable(&found.unreadable))
        @if found.content.is_empty() && !found.unreadable.is_empty() {}
        @else if found.content.is_empty() { (nothing(who, view, found.total)) } @else { (table(view, found, now)) }
        (pages(view, found.total))
    }
}

fn search(view: &ListQuery, catalog: &PermissionSet) -> Markup {
    html! {
        form.filters role="search" method="get" action=(LIST) {
            div { label for="q" { "Name" } input #q type="search" name="q" value=(view.words) placeholder="Part of a name" autocomplete="off" dir="auto"; }
            div { label for="owner" { "Owner" } input #owner type="search" name="owner" value=(view.owner) placeholder="Whole owner" autocomplete="off" dir="auto"; }
            div {
                label for="state" { "State" }
                select #state name="state" {
                    @for state in State::ALL { option value=(state.word()) selected[state == view.state] { (state.label()) } }
                }
            }
            div {
                label for="permission" { "Permission" }
                select #permission name="permission" {
                    option value="" { "Any permission" }
                    @if !view.permission.is_empty() && catalog.find(&view.permission).is_none() {
                        option value=(view.permission) selected { (view.permission) }
                    }
                    @for permission in catalog { option value=(permission) selected[permission.as_str() == view.permission] { (permission) } }
                }
            }
            div.sort {
                label for="sort" { "Order" }
                select #sort name="sort" {
                    @for (word, label, field) in ORDERS { option value=(word) selected[field == view.sort.field] { (label) } }
                }
            }
            @if view.sort.descending { input type="hidden" name="dir" value="desc"; }
            div.actions {
                button type="submit" { "Search" }
                @if view.is_filtered() { a.button.quiet href=(LIST) { "Clear" } }
            }
        }
    }
}

/// The tokens of the page that cannot be shown.
fn unreadable(tokens: &[Unreadable]) -> Markup {
    let links = html! {
        @for one in tokens { " " a href={ "/console/tokens/" (one.token) } { code { (one.token) } } }
    };
    html! {
        @if !tokens.is_empty() {
            (notice("bad", &html! { "On this page the records of " (format::count(tokens.len() as u64, "token")) " cannot be read:" (links) }))
        }
    }
}

fn counted(view: &ListQuery, found: &Page<TokenView>) -> String {
    let here = (found.content.len() + found.unreadable.len()) as u64;
    if here == 0 {
        return format::count(found.total, "token");
    }
    let first = u64::from(view.page - 1) * u64::from(SIZE) + 1;
    let last = first + here - 1;
    let (first, last) = (format::grouped(first), format::grouped(last));
    let counted = u64::from(view.counted_to());
    let more = if found.total > counted {
        "more than "
    } else {
        ""
    };
    let total = format::count(found.total.min(counted), "token");
    format!("{first} to {last} of {more}{total}")
}

fn nothing(who: &Viewer, view: &ListQuery, total: u64) -> Markup {
    html! {
        div.empty {
            @if total > 0 {
                p { "There are not that many pages." }
                p { a.button href=(view.at(1).link()) { "To the first page" } }
            } @else if view.is_filtered() {
                p { "No token matches." }
                p { a.button href=(LIST) { "Show all tokens" } }
            } @else if who.writes {
                p { "There are no tokens yet. Create the first one for a program that calls your API." }
                p { a.button.primary href="/console/tokens/new" { "New token" } }
            } @else {
                p { "There are no tokens. Somebody whose token holds " code { "api.api-tokens.write" } " can create them." }
            }
        }
    }
}

fn table(view: &ListQuery, found: &Page<TokenView>, now: Timestamp) -> Markup {
    html! {
        table.list {
            caption.sr { "Tokens" }
            thead { tr {
                (sortable(view, "Name", OrderField::Name))
                (sortable(view, "State", OrderField::Expiry))
                th scope="col" { "Owner" }
                th scope="col" { "Permissions" }
                th scope="col" { "Addresses" }
                (sortable(view, "Last used", OrderField::LastUsedDate))
                (sortable(view, "Created", OrderField::CreationDate))
                (sortable(view, "Changed", OrderField::LastModifiedDate))
            } }
            tbody { @for token in &found.content { (row(token, now)) } }
        }
    }
}

fn sortable(view: &ListQuery, label: &str, field: OrderField) -> Markup {
    let current = view.sort.field == field;
    let direction = if view.sort.descending {
        "descending"
    } else {
        "ascending"
    };
    let mark = if view.sort.descending { "↓" } else { "↑" };
    html! {
        th scope="col" aria-sort=[current.then_some(direction)] {
            a href=(view.sorted(field).link()) { (label) @if current { span aria-hidden="true" { " " (mark) } } }
        }
    }
}

fn row(view: &TokenView, now: Timestamp) -> Markup {
    let token = &view.token;
    html! {
        tr {
            th.name scope="row" {
                a href={ "/console/tokens/" (token.id) } { bdi { (token.name.as_str()) } }
                code.faint { (token.partial.as_str()) }
            }
            td data-label="State" {
                @match view.revoked {
                    Some(at) => { span.badge.off { "Revoked" } " " (format::ago(at, now)) }
                    None => (chips::state(token, now)),
                }
            }
            td data-label="Owner" { (owner(token)) }
            td data-label="Permissions" { (chips::permissions(&token.permissions, 3)) }
            td data-label="Addresses" { (chips::addresses(&token.addresses, 2)) }
            td data-label="Last used" {
                @match view.last_used { Some(used) => (format::ago(used.at, now)), None => span.faint { "Never" } }
            }
            td data-label="Created" { (format::ago(token.created, now)) " " span.by { "by " bdi { (view.created_by.name) } } }
            td data-label="Changed" { (format::ago(token.modified, now)) " " span.by { "by " bdi { (view.modified_by.name) } } }
        }
    }
}

/// The owner, with a link to all of its tokens.
pub(crate) fn owner(token: &Token) -> Markup {
    html! {
        @match &token.owner {
            Some(owner) => a href=(ListQuery::of_owner(owner.as_str()).link()) { bdi { (owner.as_str()) } },
            None => span.faint { "None" },
        }
    }
}

fn pages(view: &ListQuery, total: u64) -> Markup {
    let last = u32::try_from(total.div_ceil(u64::from(SIZE))).unwrap_or(u32::MAX);
    // One more than was counted: the exact number is unknown.
    let counted = total <= u64::from(view.counted_to());
    html! {
        @if last > 1 && view.page <= last {
            nav.pages aria-label="Pages" {
                @if view.page > 1 {
                    a.button href=(view.at(1).link()) { "First" }
                    a.button rel="prev" href=(view.at(view.page - 1).link()) { "Previous" }
                }
                span { "Page " (format::grouped(view.page.into())) @if counted { " of " (format::grouped(last.into())) } }
                @if view.page < last {
                    a.button rel="next" href=(view.at(view.page + 1).link()) { "Next" }
                    @if counted { a.button href=(view.at(last).link()) { "Last" } }
                }
            }
        }
    }
}
