//! The text that somebody typed into a token's form, unchanged, so that nothing is lost if it has
//! to be corrected. New and edited tokens share it.

use std::collections::BTreeSet;

use countersign_domain::{AllowedAddresses, NewToken, Permission, Timestamp, Token, TokenUpdate};

use crate::{annotations_form::AnnotationsForm, form::Form};

/// The lifetimes that one click selects, in days.
pub(crate) const PRESETS: [u32; 3] = [30, 90, 365];

/// Keeps the stored expiry.
pub(crate) const KEEP: &str = "keep";
/// The field that chooses between any address and a list.
pub(crate) const ANYWHERE: &str = "anywhere";
/// Uses the typed date.
pub(crate) const DATE: &str = "date";

/// A day in seconds.
pub(crate) const DAY: u32 = 24 * 60 * 60;

/// The typed text is not an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoInstant;

/// A form as it was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenForm {
    pub(crate) name: String,
    /// [`KEEP`], [`DATE`], or a number of days.
    pub(crate) lifetime: String,
    /// For [`DATE`]: RFC 3339, or the form of a browser's date field, in UTC.
    pub(crate) expiry: String,
    /// One address on each line.
    pub(crate) addresses: String,
    pub(crate) permissions: Vec<String>,
    /// Whether somebody allows their own address to be locked out.
    pub(crate) lockout: bool,
    pub(crate) annotations: AnnotationsForm,
}

impl TokenForm {
    /// An empty form, with a reasonable lifetime that is not the longest.
    pub(crate) fn blank(now: Timestamp, latest: Timestamp) -> Self {
        let fits = |days: &u32| now.plus_seconds(days * DAY) <= latest;
        let lifetime = [90, 30].into_iter().find(fits);
        Self {
            name: String::new(),
            lifetime: lifetime.map_or_else(|| DATE.into(), |days| days.to_string()),
            expiry: String::new(),
            addresses: String::new(),
            permissions: Vec::new(),
            lockout: false,
            annotations: AnnotationsForm::default(),
        }
    }

    /// A form with the stored values.
    pub(crate) fn stored(token: &Token) -> Self {
        let addresses: Vec<_> = token.addresses.iter().collect();
        Self {
            name: token.name.as_str().into(),
            lifetime: KEEP.into(),
            expiry: token.expiry.to_string(),
            addresses: addresses.join("\n"),
            permissions: token.permissions.iter().map(ToString::to_string).collect(),
            lockout: false,
            annotations: AnnotationsForm::stored(token),
        }
    }

    /// The form that was sent. Addresses may come as lines, as several fields, or as both.
    pub(crate) fn of(form: &Form) -> Self {
        // If somebody had to choose between a list and any address.
        let anywhere = form.get(ANYWHERE) == "yes";
        let listed = form.all("addresses").filter(|_| !anywhere);
        let addresses: Vec<_> = listed.collect();
        Self {
            name: form.get("name").into(),
            lifetime: form.get("lifetime").into(),
            expiry: form.get("expiry").into(),
            addresses: addresses.join("\n").replace('\r', ""),
            permissions: form.all("permissions").map(Into::into).collect(),
            lockout: form.has("lockout"),
            annotations: AnnotationsForm::of(form),
        }
    }

    /// The addresses, one each, as they were typed.
    pub(crate) fn address_lines(&self) -> Vec<String> {
        let lines = self.addresses.split(['\n', ',']).map(str::trim);
        lines
            .filter(|line| !line.is_empty())
            .map(Into::into)
            .collect()
    }

    /// The chosen instant; `None` = the stored one.
    ///
    /// # Errors
    /// Fails if a date was to be typed and the text is not one.
    pub(crate) fn instant(&self, now: Timestamp) -> Result<Option<Timestamp>, NoInstant> {
        match self.lifetime.as_str() {
            KEEP => Ok(None),
            DATE => read(&self.expiry).map(Some).ok_or(NoInstant),
            days => {
                let preset = PRESETS
                    .into_iter()
                    .find(|preset| days == preset.to_string());
                let days = preset.ok_or(NoInstant)?;
                Ok(Some(now.plus_seconds(days * DAY)))
            }
        }
    }

    /// The new token.
    ///
    /// # Errors
    /// Fails if the text of the expiry is not an instant.
    pub(crate) fn draft(&self, now: Timestamp) -> Result<NewToken, NoInstant> {
        Ok(NewToken {
            name: self.name.clone(),
            expiry: self.instant(now)?.ok_or(NoInstant)?,
            allowed_addresses: self.address_lines(),
            permissions: self.permissions.clone(),
            annotations: self.annotations.written(),
        })
    }

    /// The update of a token. Unchanged values are left out, so that violations by a widening are
    /// reported at the field that widens.
    ///
    /// # Errors
    /// Fails if the text of the expiry is not an instant.
    pub(crate) fn edit(&self, stored: &Token, now: Timestamp) -> Result<TokenUpdate, NoInstant> {
        let addresses = self.address_lines();
        let same_addresses =
            AllowedAddresses::parse(&addresses).is_ok_and(|list| list == stored.addresses);
        let held: BTreeSet<_> = stored.permissions.iter().map(Permission::as_str).collect();
        let wanted: BTreeSet<_> = self.permissions.iter().map(String::as_str).collect();
        Ok(TokenUpdate {
            name: self.name.clone(),
            expiry: self.instant(now)?,
            allowed_addresses: (!same_addresses).then_some(addresses),
            permissions: (wanted != held).then(|| self.permissions.clone()),
            allow_lockout: self.lockout,
            annotations: self.annotations.changed(stored),
        })
    }

    /// The same form with the chosen instant spelt out, so that the reviewed value is the one that
    /// is stored.
    pub(crate) fn settled(self, now: Timestamp) -> Self {
        match self.instant(now) {
            Ok(Some(at)) => Self {
                lifetime: DATE.into(),
                expiry: at.to_string(),
                ..self
            },
            Ok(None) | Err(_) => self,
        }
    }
}

/// Parses an instant: RFC 3339, or without seconds and offset as browsers send it.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim().replacen(' ', "T", 1);
    ["", "Z", ":00Z", "T00:00:00Z"]
        .iter()
        .find_map(|end| format!("{text}{end}").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn blank() -> TokenForm {
        TokenForm::blank(at("2026-06-01T00:00:00Z"), at("2028-06-01T00:00:00Z"))
    }

    #[test]
    fn what_is_proposed_can_be_had() {
        let lifetime = |latest| TokenForm::blank(at("2026-06-01T00:00:00Z"), at(latest)).lifetime;
        assert_eq!(lifetime("2026-08-30T00:00:00Z"), "90");
        assert_eq!(lifetime("2026-08-01T00:00:00Z"), "30");
        assert_eq!(lifetime("2026-06-02T00:00:00Z"), DATE);
    }

    fn dated(text: &str) -> TokenForm {
        TokenForm {
            lifetime: DATE.into(),
            expiry: text.into(),
            ..blank()
        }
    }

    #[test]
    fn a_date_is_read_as_browsers_and_people_write_it() {
        let now = at("2026-06-01T00:00:00Z");
        for (text, expected) in [
            ("2027-01-31T09:30", "2027-01-31T09:30:00Z"),
            ("2027-01-31T09:30:15", "2027-01-31T09:30:15Z"),
            ("2027-01-31 09:30", "2027-01-31T09:30:00Z"),
            (" 2027-01-31 ", "2027-01-31T00:00:00Z"),
            (
                "2027-01-31T09:30:00.000001+02:00",
                "2027-01-31T07:30:00.000001Z",
            ),
        ] {
            assert_eq!(
                dated(text).instant(now).unwrap(),
                Some(at(expected)),
                "{text}"
            );
        }
        for text in ["", "soon", "2027-02-30", "31.1.2027"] {
            assert!(dated(text).instant(now).is_err(), "{text}");
        }
    }

    #[test]
    fn presets_count_from_now_and_other_words_are_none() {
        let now = at("2026-06-01T00:00:00Z");
        let chosen = |lifetime: &str| TokenForm {
            lifetime: lifetime.into(),
            ..blank()
        };
        assert_eq!(
            chosen("30").instant(now).unwrap(),
            Some(at("2026-07-01T00:00:00Z"))
        );
        assert_eq!(chosen(KEEP).instant(now).unwrap(), None);
        assert!(
            chosen(KEEP).draft(now).is_err(),
            "a new token has no expiry to keep"
        );
        for odd in ["", "0", "31", "-30", "99999"] {
            assert!(chosen(odd).instant(now).is_err(), "{odd}");
        }
        let settled = chosen("30").settled(now);
        assert_eq!(
            settled.instant(at("2026-06-02T00:00:00Z")).unwrap(),
            Some(at("2026-07-01T00:00:00Z"))
        );
    }

    #[test]
    fn addresses_come_as_lines_and_as_fields() {
        let form = Form::parse(b"addresses=192.0.2.1%0D%0A%0D%0A+198.51.100.0%2F24+&addresses=2001%3Adb8%3A%3A1,10.0.0.1");
        let lines = TokenForm::of(&form).address_lines();
        assert_eq!(
            lines,
            ["192.0.2.1", "198.51.100.0/24", "2001:db8::1", "10.0.0.1"]
        );
    }
}
