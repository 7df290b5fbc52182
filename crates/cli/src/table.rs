//! Tables for people, as wide as the terminal.

use std::{
    env,
    fmt::Write as _,
    io::{self, IsTerminal as _},
};

use serde_json::Value;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::{failure::sanitized, output::Columns};

/// The members of a record that people look for first; the others follow by name.
const FIRST: [&str; 10] = [
    "id",
    "name",
    "version",
    "active",
    "code",
    "partialToken",
    "expiry",
    "allowedAddresses",
    "permissions",
    "owner",
];

const GAP: usize = 2;
const NARROWEST: usize = 8;
/// The number of entries that a list shows of a list.
const SHOWN: usize = 4;

/// How a table looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// The width that lines are cut to; `None` if nobody looks at them.
    width: Option<usize>,
    is_coloured: bool,
}

impl Style {
    /// As the terminal has it; without a terminal, lines have their full length.
    pub(crate) fn of_terminal() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self {
            width: is_terminal.then(terminal_width),
            is_coloured: is_terminal && !is_set("NO_COLOR") && !is_dumb,
        }
    }
}

/// The width of the terminal, or the usual one.
fn terminal_width() -> usize {
    let size = terminal_size::terminal_size();
    size.map_or(80, |(terminal_size::Width(columns), _)| {
        usize::from(columns).max(40)
    })
}

/// A value in one line.
pub(crate) fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(entries)) if entries.is_empty() => "–".to_owned(),
        Some(Value::Array(entries)) if !entries.iter().any(Value::is_object) => {
            let cells: Vec<_> = entries.iter().map(|entry| cell(Some(entry))).collect();
            cells.join(", ")
        }
        Some(Value::Object(user)) if user.contains_key("userName") => cell(user.get("userName")),
        Some(other) => other.to_string(),
    };
    sanitized(&text).replace('\n', " ")
}

/// A value in one line of a list, which shows the beginning of what has many entries.
fn short_cell(value: Option<&Value>) -> String {
    match value {
        Some(Value::Array(entries)) if entries.len() > SHOWN => {
            let shown = cell(Some(&entries[..SHOWN].into()));
            format!("{shown}, … ({})", entries.len())
        }
        other => cell(other),
    }
}

/// One record: a line for each member, and for each entry of a list.
pub(crate) fn record(value: &Value) -> String {
    let Value::Object(members) = value else {
        return format!("{}\n", cell(Some(value)));
    };
    let width = members.keys().map(|name| name.width()).max().unwrap_or(0);
    let mut members: Vec<_> = members.iter().collect();
    let rank = |name: &str| FIRST.iter().position(|first| *first == name);
    members.sort_by_key(|(name, _)| (rank(name).unwrap_or(FIRST.len()), *name));
    let mut text = String::new();
    for (name, value) in members {
        let lines = match value {
            Value::Array(entries) if !entries.is_empty() => {
                entries.iter().map(|entry| cell(Some(entry))).collect()
            }
            other => vec![cell(Some(other))],
        };
        for (index, line) in lines.iter().enumerate() {
            let name = if index == 0 { name.as_str() } else { "" };
            // A `String` takes everything.
            let _ = writeln!(text, "{}{line}", padded(name, width + GAP));
        }
    }
    text
}

/// A list with a line of titles. The widest column gives way if the terminal is too narrow.
pub(crate) fn list(rows: &[Value], columns: Columns, style: Style) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            columns
                .iter()
                .map(|(_, at)| short_cell(row.pointer(at)))
                .collect()
        })
        .collect();
    let mut widths: Vec<usize> = columns.iter().map(|(title, _)| title.width()).collect();
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    if let Some(width) = style.width {
        fit(&mut widths, width);
    }
    let titles: Vec<String> = columns
        .iter()
        .map(|(title, _)| (*title).to_owned())
        .collect();
    let titles = line(&titles, &widths);
    let mut text = if style.is_coloured {
        format!("\u{1b}[1m{titles}\u{1b}[0m\n")
    } else {
        format!("{titles}\n")
    };
    for row in &cells {
        text.push_str(&line(row, &widths));
        text.push('\n');
    }
    text
}

fn fit(widths: &mut [usize], width: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > width {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => return,
        }
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        text.push_str(&padded(&cut(cell, *width), width + GAP));
    }
    text.truncate(text.trim_end().len());
    text
}

fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        cut.push(character);
    }
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: Columns = &[("NAME", "/name"), ("PERMISSIONS", "/permissions")];

    #[test]
    fn a_narrow_terminal_cuts_the_widest_column() {
        let rows = [
            json!({"name": "北京 export", "permissions": ["api.tasks.read", "api.tasks.write"]}),
            json!({"name": "b\u{1b}[2Jc", "permissions": []}),
        ];
        let style = |width| Style {
            width,
            is_coloured: false,
        };
        let whole = list(&rows, COLUMNS, style(None));
        assert!(
            whole.contains("北京 export  api.tasks.read, api.tasks.write\n"),
            "{whole}"
        );
        let narrow = list(&rows, COLUMNS, style(Some(30)));
        assert!(narrow.lines().all(|line| line.width() <= 30), "{narrow}");
        assert!(
            narrow.contains("北京 export  api.tasks.read, …"),
            "{narrow}"
        );
        assert!(!narrow.contains('\u{1b}'));
    }

    #[test]
    fn a_record_shows_every_member() {
        let shown =
            record(&json!({"id": "a", "owner": {"team": 7}, "permissions": ["p.a", "p.b"]}));
        assert_eq!(
            shown,
            "id           a\npermissions  p.a\n             p.b\nowner        {\"team\":7}\n"
        );
    }
}
