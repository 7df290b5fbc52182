//! JSON values as YAML 1.2. Texts are written as JSON strings, which YAML reads as they are.

use std::fmt::Write as _;

use serde_json::Value;

/// Words that YAML 1.1 reads as something else than a text.
const RESERVED: [&str; 12] = [
    "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf", "e",
];

/// A document with one value.
pub(crate) fn document(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, 0, false);
    text
}

/// Writes a value; one that follows a dash begins on its line.
fn write(text: &mut String, value: &Value, depth: usize, after_dash: bool) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (index, (name, member)) in members.iter().enumerate() {
                if index > 0 || !after_dash {
                    indent(text, depth);
                }
                text.push_str(&key(name));
                text.push(':');
                write_nested(text, member, depth + 1);
            }
        }
        Value::Array(entries) if !entries.is_empty() => {
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 || !after_dash {
                    indent(text, depth);
                }
                text.push_str("- ");
                write(text, entry, depth + 1, true);
            }
        }
        scalar => {
            text.push_str(&escaped(scalar));
            text.push('\n');
        }
    }
}

fn write_nested(text: &mut String, value: &Value, depth: usize) {
    let is_empty = match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        _ => true,
    };
    text.push(if is_empty { ' ' } else { '\n' });
    write(text, value, depth, false);
}

fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

fn key(name: &str) -> String {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_plain = starts_well
        && name
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || one == '_');
    if is_plain && !RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        name.to_owned()
    } else {
        escaped(&name.into())
    }
}

/// A scalar in JSON, with the characters escaped that YAML does not allow in a stream.
fn escaped(value: &Value) -> String {
    let mut text = String::new();
    for character in value.to_string().chars() {
        let code = u32::from(character);
        if matches!(
            code,
            0x7f..=0x9f | 0xfeff | 0x2028 | 0x2029 | 0xfffe | 0xffff
        ) {
            // A `String` takes everything.
            let _ = write!(text, "\\u{code:04x}");
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_values_are_indented_and_texts_are_quoted() {
        let value = json!([{"id": "a: #\u{85}", "no": null, "list": ["x", {"k": 1}], "none": []}]);
        let expected =
            "- id: \"a: #\\u0085\"\n  list:\n    - \"x\"\n    - k: 1\n  \"no\": null\n  none: []\n";
        let mut written: Vec<_> = document(&value).lines().map(str::to_owned).collect();
        let mut wanted: Vec<_> = expected.lines().map(str::to_owned).collect();
        // The order of members is that of the answer.
        written
            .iter_mut()
            .chain(&mut wanted)
            .for_each(|line| *line = line.replacen("- id", "  id", 1));
        written.sort();
        wanted.sort();
        assert_eq!(written, wanted);
    }
}
