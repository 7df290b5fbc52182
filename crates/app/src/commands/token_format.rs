//! Rules for scanners that look for leaked tokens.

use anyhow::Result;
use clap::ValueEnum;
use countersign_domain::{TokenFormat, TokenPrefix};

use super::write_stdout;

/// The program that the rules are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scanner {
    /// A configuration file of gitleaks, with its own rules and one for these tokens
    Gitleaks,
    /// A configuration file of trufflehog with a custom detector
    Trufflehog,
    /// The regular expression alone
    Regex,
}

/// Prints them.
///
/// # Errors
/// Nobody reads standard output.
pub(super) fn print(format: &TokenFormat, scanner: Scanner) -> Result<()> {
    write_stdout(rules(format, scanner).trim_end())
}

fn rules(format: &TokenFormat, scanner: Scanner) -> String {
    let pattern = format.pattern();
    match scanner {
        Scanner::Regex => pattern,
        Scanner::Gitleaks => {
            let keywords = keywords(format, |keyword| format!("{keyword:?}")).join(", ");
            format!(
                "[extend]\n\
                 useDefault = true\n\n\
                 [[rules]]\n\
                 id = \"countersign-api-token\"\n\
                 description = \"API token\"\n\
                 regex = '''{pattern}'''\n\
                 keywords = [{keywords}]\n"
            )
        }
        Scanner::Trufflehog => {
            let keywords = keywords(format, |keyword| format!("      - {keyword}")).join("\n");
            format!(
                "detectors:\n  \
                   - name: countersign-api-token\n    \
                     keywords:\n{keywords}\n    \
                     regex:\n      \
                       token: '{pattern}'\n"
            )
        }
    }
}

/// The beginnings of tokens, which scanners look for before they try the expression.
fn keywords(format: &TokenFormat, written: impl Fn(String) -> String) -> Vec<String> {
    let keyword = |prefix: &TokenPrefix| written(format!("{prefix}_"));
    format.prefixes().iter().map(keyword).collect()
}
