//! The view of a tenant's history, as its address encodes it. Parts of the address without a
//! meaning are ignored.

use countersign_application::ports::{EventFilter, EventPlace};
use countersign_domain::{EventKind, Timestamp, UserId};
use form_urlencoded::Serializer;

/// The path of the history.
pub(crate) const EVENTS: &str = "/console/history";

/// One view of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) filter: EventFilter,
    /// The position after which the page begins.
    pub(crate) before: Option<EventPlace>,
}

impl View {
    /// Parses the view from a query string.
    pub(crate) fn of(query: &str) -> Self {
        let mut view = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "since" => view.filter.since = instant(&value),
                "actor" => view.filter.actor = value.trim().parse().ok(),
                "kind" => view.filter.kinds.extend(value.parse::<EventKind>().ok()),
                "before" => view.before = place(&value),
                _ => {}
            }
        }
        view
    }

    /// All changes of a user.
    pub(crate) fn by(user: UserId) -> Self {
        let mut view = Self::default();
        view.filter.actor = Some(user);
        view
    }

    /// Whether the view leaves any event out.
    pub(crate) fn is_filtered(&self) -> bool {
        self.filter != EventFilter::default()
    }

    /// The page after a position.
    pub(crate) fn before(&self, place: EventPlace) -> Self {
        Self {
            before: Some(place),
            ..self.clone()
        }
    }

    /// The address of this view.
    pub(crate) fn link(&self) -> String {
        let mut query = Serializer::new(String::new());
        if let Some(since) = self.filter.since {
            query.append_pair("since", &since.to_string());
        }
        if let Some(actor) = self.filter.actor {
            query.append_pair("actor", &actor.to_string());
        }
        for kind in &self.filter.kinds {
            query.append_pair("kind", kind.as_str());
        }
        if let Some(EventPlace { at, token, version }) = self.before {
            query.append_pair("before", &format!("{}_{token}_{version}", at.as_micros()));
        }
        match query.finish() {
            query if query.is_empty() => EVENTS.into(),
            query => format!("{EVENTS}?{query}"),
        }
    }
}

/// Parses an instant as browsers send it, without an offset and perhaps without seconds, in UTC; or
/// in the form of RFC 3339.
fn instant(text: &str) -> Option<Timestamp> {
    let readings = [text.to_owned(), format!("{text}Z"), format!("{text}:00Z")];
    readings.iter().find_map(|text| text.parse().ok())
}

fn place(text: &str) -> Option<EventPlace> {
    let mut parts = text.split('_');
    let place = EventPlace {
        at: Timestamp::from_micros(parts.next()?.parse().ok()?)?,
        token: parts.next()?.parse().ok()?,
        version: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_and_its_address_are_one() {
        let actor = "01a21384-ce52-720f-a4fa-e08b13249a77";
        for query in [
            String::new(),
            format!("since=2026-06-01T00%3A00%3A00Z&actor={actor}&kind=revoked"),
            format!("kind=created&kind=rotated&before=-5_{actor}_-9223372036854775808"),
        ] {
            let end = if query.is_empty() {
                query.clone()
            } else {
                format!("?{query}")
            };
            assert_eq!(View::of(&query).link(), format!("{EVENTS}{end}"));
        }
    }

    #[test]
    fn what_means_nothing_is_passed_over() {
        for query in [
            "since=yesterday",
            "actor=me&kind=",
            "kind=deleted",
            "before=1_2_3",
            "before=1",
        ] {
            assert_eq!(View::of(query), View::default(), "{query}");
        }
        let at = "2026-06-01T12:30:00Z".parse().ok();
        for query in ["since=2026-06-01T12%3A30", "since=2026-06-01T12:30:00"] {
            assert_eq!(View::of(query).filter.since, at, "{query}");
        }
    }
}
