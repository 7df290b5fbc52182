//! Suggestions of known names for an unknown one.

/// The maximum number of suggestions.
const MOST: usize = 3;
/// The similarity, from 0 to 1, from which a name is suggested.
const SIMILAR: f64 = 0.85;

/// The known names that are most similar to this one, the best first.
pub(super) fn nearest<'a>(name: &str, known: &'a [impl AsRef<str>]) -> Vec<&'a str> {
    // The prefix of all variables would make all of them similar.
    let own = |name: &str| name.trim_start_matches("COUNTERSIGN_").to_lowercase();
    let wanted = own(name);
    let likeness = |known: &str| strsim::jaro_winkler(&wanted, &own(known));
    let mut near: Vec<(f64, &str)> = known
        .iter()
        .map(|known| (likeness(known.as_ref()), known.as_ref()))
        .filter(|(likeness, _)| *likeness > SIMILAR)
        .collect();
    near.sort_by(|one, other| other.0.total_cmp(&one.0));
    near.into_iter().take(MOST).map(|(_, name)| name).collect()
}
