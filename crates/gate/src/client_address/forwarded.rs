//! Parser of the `Forwarded` header (RFC 7239, section 4). It is strict: a client may have written
//! the left part of the header in the hope that a lenient parser mistakes where the client's part
//! ends.

/// The `for` of every element, the nearest hop last; `None` if any part breaks the grammar. An
/// element without `for` counts as a hop that cannot be parsed.
pub(super) fn hops(text: &str) -> Option<Vec<String>> {
    let (mut hops, mut rest) = (Vec::new(), text);
    loop {
        let (hop, behind) = element(rest)?;
        hops.push(hop);
        match behind.strip_prefix(',') {
            Some(behind) => rest = behind,
            None => return behind.is_empty().then_some(hops),
        }
    }
}

/// One element's pairs up to the comma that ends it.
fn element(text: &str) -> Option<(String, &str)> {
    let (mut hop, mut rest) = (None, text);
    loop {
        let (name, behind) = rest.split_once('=')?;
        let name = name.trim_start_matches([' ', '\t']);
        if name.is_empty() || !name.bytes().all(is_token) {
            return None;
        }
        let (value, behind) = value(behind)?;
        if name.eq_ignore_ascii_case("for") && hop.replace(value).is_some() {
            return None;
        }
        let behind = behind.trim_start_matches([' ', '\t']);
        match behind.strip_prefix(';') {
            Some(behind) => rest = behind,
            None => return Some((hop.unwrap_or_default(), behind)),
        }
    }
}

/// A token, or the text between quotes.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.bytes().position(|byte| !is_token(byte));
        let (token, behind) = text.split_at(end.unwrap_or(text.len()));
        return (!token.is_empty()).then(|| (token.to_owned(), behind));
    };
    let (mut value, mut characters) = (String::new(), quoted.char_indices());
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[place + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

/// Whether the byte is allowed in a token (RFC 9110, section 5.6.2), or is a colon or bracket,
/// which many proxies leave unquoted.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:[]".contains(&byte)
}
