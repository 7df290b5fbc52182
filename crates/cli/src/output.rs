//! Output of data on standard output: a table for people, or a format for programs.

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use serde_json::Value;

use crate::{
    failure::{Outcome, sanitized},
    table, yaml,
};

/// The format of data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// One JSON document
    Json,
    /// One JSON value a line
    Ndjson,
    /// One YAML document
    Yaml,
}

/// The columns of a list: a title, and the pointer to the value.
pub(crate) type Columns = &'static [(&'static str, &'static str)];

impl Format {
    /// Writes one value to standard output.
    pub(crate) fn write_one(self, value: &Value) -> Outcome {
        Ok(self.write_one_to(&mut io::stdout().lock(), value)?)
    }

    /// Writes one value to standard error, for people who have the data elsewhere.
    pub(crate) fn write_aside(self, value: &Value) {
        // If nobody reads it, nobody needs it.
        let _ = self.write_one_to(&mut io::stderr().lock(), value);
    }

    fn write_one_to(self, out: &mut impl io::Write, value: &Value) -> io::Result<()> {
        match self {
            Self::Table => write!(out, "{}", table::record(value))?,
            Self::Json => write_json(out, value)?,
            Self::Ndjson => writeln!(out, "{value}")?,
            Self::Yaml => write!(out, "{}", yaml::document(value))?,
        }
        out.flush()
    }
}

/// A list that is written page by page if its format allows it.
pub(crate) struct ListWriter {
    format: Format,
    columns: Columns,
    held: Vec<Value>,
    count: usize,
    progress: bool,
}

impl ListWriter {
    pub(crate) fn new(format: Format, columns: Columns) -> Self {
        Self {
            format,
            columns,
            held: Vec::new(),
            count: 0,
            progress: io::stderr().is_terminal() && io::stdout().is_terminal(),
        }
    }

    /// Takes one page.
    pub(crate) fn add(&mut self, page: Vec<Value>) -> Outcome {
        let is_later_page = self.count > 0;
        self.count += page.len();
        if self.format == Format::Ndjson {
            let mut out = io::stdout().lock();
            for value in page {
                writeln!(out, "{value}")?;
            }
            out.flush()?;
        } else {
            self.held.extend(page);
            if is_later_page && self.progress {
                let _ = write!(io::stderr(), "\r{} read…", self.count);
            }
        }
        Ok(())
    }

    /// Writes what is held.
    pub(crate) fn finish(self) -> Outcome {
        if self.count > self.held.len().min(100) && self.progress {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
        let mut out = io::stdout().lock();
        match self.format {
            Format::Ndjson => {}
            Format::Table => {
                let style = table::Style::of_terminal();
                write!(out, "{}", table::list(&self.held, self.columns, style))?;
            }
            Format::Json => write_json(&mut out, &Value::Array(self.held))?,
            Format::Yaml => write!(out, "{}", yaml::document(&Value::Array(self.held)))?,
        }
        Ok(out.flush()?)
    }
}

/// Writes a JSON document over several lines.
fn write_json(out: &mut impl io::Write, value: &Value) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// Writes a line to standard output.
pub(crate) fn write_line(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Writes a line to standard error, for people.
pub(crate) fn remark(text: &str) {
    // If nobody reads it, nobody needs it.
    let _ = writeln!(io::stderr(), "{}", sanitized(text));
}
