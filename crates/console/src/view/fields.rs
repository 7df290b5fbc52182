//! The fields of a token's form, the same for new and edited tokens, each with its faults.

use std::net::IpAddr;

use countersign_domain::{
    AllowedAddresses, Description, Metadata, PermissionSet, Timestamp, Token, TokenName,
};
use maud::{Markup, html};

use super::{format, matrix::Matrix};
use crate::{
    field_errors::FieldErrors,
    token_form::{DATE, DAY, KEEP, PRESETS, TokenForm},
};

/// The contents of a form, and its context.
pub(crate) struct Fields<'a> {
    pub(crate) entered: &'a TokenForm,
    pub(crate) faults: &'a FieldErrors,
    /// The stored token, if the form edits one.
    pub(crate) stored: Option<&'a Token>,
    pub(crate) catalog: &'a PermissionSet,
    /// The permissions of the signed-in user.
    pub(crate) held: &'a PermissionSet,
    /// The user's address.
    pub(crate) address: Option<IpAddr>,
    pub(crate) now: Timestamp,
    /// The latest expiry that the rules allow.
    pub(crate) latest: Timestamp,
}

impl Fields<'_> {
    /// All of them.
    pub(crate) fn markup(&self) -> Markup {
        html! {
            (self.summary())
            div.columns {
                div {
                    (self.name())
                    (self.owner())
                    (self.expiry())
                    (self.addresses())
                    (self.texts())
                }
                (self.permissions())
            }
        }
    }

    /// A summary of all faults, with links to the fields.
    fn summary(&self) -> Markup {
        let faults = self.faults;
        html! {
            @if !faults.is_empty() {
                div.notice.bad role="alert" {
                    p { strong { "Nothing was stored." } " Please look at this again:" }
                    ul {
                        @for fault in &faults.whole { li { (fault) } }
                        @for (id, label) in faults.fields() { li { a href={ "#" (id) } { (label) } } }
                    }
                }
            }
        }
    }

    fn name(&self) -> Markup {
        let faults = &self.faults.name;
        html! {
            div.field {
                label for="name" { "Name" }
                p.hint #name-hint { "Name of the token and of its user, as histories show it; up to " (TokenName::MAX) " characters." }
                input #name type="text" name="name" value=(self.entered.name) required autocomplete="off" spellcheck="false" dir="auto"
                    aria-describedby=(described("name", faults)) aria-invalid=[invalid(faults)];
                (field_errors("name", faults))
            }
        }
    }

    fn expiry(&self) -> Markup {
        let (entered, faults) = (self.entered, &self.faults.expiry);
        let dated = entered.lifetime == DATE;
        // A typed date that cannot be parsed stays as it was typed.
        let at = entered.instant(self.now).ok().flatten().filter(|_| dated);
        let value = match (at, self.stored) {
            (Some(at), _) => format::field(at),
            (None, _) if dated => entered.expiry.clone(),
            (None, Some(token)) => format::field(token.expiry),
            (None, None) => String::new(),
        };
        html! {
            fieldset.field #expiry tabindex="-1" aria-describedby=(described("expiry", faults)) {
                legend { "Expiry" }
                p.hint #expiry-hint { "The token stops working at that instant. At the latest " (format::time(self.latest)) "." }
                div.choices {
                    @if let Some(token) = self.stored {
                        (choice(KEEP, entered, &html! { "Keep " (format::both(token.expiry, self.now)) }))
                    }
                    @for days in PRESETS {
                        @let at = self.now.plus_seconds(days * DAY);
                        @if at <= self.latest {
                            (choice(&days.to_string(), entered, &html! { (days) " days from now" }))
                        }
                    }
                    (choice(DATE, entered, &html! { "Another date" }))
                }
                div.own-date {
                    label for="own-date" { "Date and time, in UTC" }
                    input #own-date type="datetime-local" name="expiry" value=(value) max=(format::field(self.latest)) step="1"
                        aria-describedby=(described("expiry", faults)) aria-invalid=[invalid(faults)];
                }
                (field_errors("expiry", faults))
            }
        }
    }

    fn permissions(&self) -> Markup {
        let faults = &self.faults.permissions;
        let matrix = Matrix {
            catalog: self.catalog,
            stored: self.stored.map(|token| &token.permissions),
            held: self.held,
            ticked: &self.entered.permissions,
            faulty: !faults.is_empty(),
        };
        html! {
            fieldset.field.wide {
                legend { "Permissions" }
                (field_errors("permissions", faults))
                (matrix.markup())
            }
        }
    }

    fn addresses(&self) -> Markup {
        let faults = &self.faults.addresses;
        html! {
            div.field {
                label for="addresses" { "Allowed addresses" }
                p.hint #addresses-hint {
                    "One a line: an IPv4 or IPv6 address, or a network such as 192.0.2.0/24; at most " (AllowedAddresses::MAX) ". "
                    strong { "None means any address." }
                }
                textarea #addresses name="addresses" rows="4" spellcheck="false" autocomplete="off" data-check="/console/addresses"
                    aria-describedby=(described("addresses", faults)) aria-invalid=[invalid(faults)] { (self.entered.addresses) }
                div #address-check role="status" {}
                @if let Some(address) = self.address {
                    p.hint.mine { "Your address is " code { (address) } ". " button.quiet.js-only type="button" data-add=(address) { "Use my address" } }
                }
                (field_errors("addresses", faults))
                @if self.faults.lockout || self.entered.lockout {
                    label.check { input type="checkbox" name="lockout" value="yes" checked[self.entered.lockout]; " Lock my own address out: I know another way in" }
                }
            }
        }
    }
}

impl Fields<'_> {
    fn owner(&self) -> Markup {
        let faults = &self.faults.owner;
        let value = self.entered.annotations.owner.as_deref();
        html! {
            div.field {
                label for="owner" { "Owner" }
                p.hint #owner-hint { "Your own id of the customer, team, person or service that the token belongs to. Optional." }
                input #owner type="text" name="owner" value=(value.unwrap_or_default()) autocomplete="off" spellcheck="false" dir="auto"
                    aria-describedby=(described("owner", faults)) aria-invalid=[invalid(faults)];
                (field_errors("owner", faults))
            }
        }
    }

    /// The description and the metadata.
    fn texts(&self) -> Markup {
        let entered = &self.entered.annotations;
        let description =
            html! { "For people; up to " (Description::MAX) " characters. Optional." };
        let metadata = html! {
            "One pair a line, such as " code { "plan=gold" } "; at most " (Metadata::MAX_PAIRS) ". Services that check the token see them."
        };
        html! {
            (text_area("description", "Description", &description, entered.description.as_deref(), &self.faults.description))
            (text_area("metadata", "Metadata", &metadata, entered.metadata.as_deref(), &self.faults.metadata))
        }
    }
}

fn text_area(
    id: &str,
    label: &str,
    hint: &Markup,
    value: Option<&str>,
    faults: &[String],
) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            p.hint id={ (id) "-hint" } { (hint) }
            textarea id=(id) name=(id) rows="3" spellcheck="false" autocomplete="off" dir="auto"
                aria-describedby=(described(id, faults)) aria-invalid=[invalid(faults)] { "\n" (value.unwrap_or_default()) }
            (field_errors(id, faults))
        }
    }
}

fn choice(value: &str, entered: &TokenForm, words: &Markup) -> Markup {
    let chosen = entered.lifetime == value;
    html! { label.choice { input type="radio" name="lifetime" value=(value) checked[chosen]; " " span { (words) } } }
}

/// The faults of a field.
fn field_errors(id: &str, faults: &[String]) -> Markup {
    html! {
        @if !faults.is_empty() {
            div.fault id={ (id) "-fault" } { @for fault in faults { p { (fault) } } }
        }
    }
}

fn described(id: &str, faults: &[String]) -> String {
    if faults.is_empty() {
        format!("{id}-hint")
    } else {
        format!("{id}-hint {id}-fault")
    }
}

fn invalid(faults: &[String]) -> Option<&'static str> {
    (!faults.is_empty()).then_some("true")
}
