//! The command line, parsed to its end although a flag in it is wrong: clap by itself stops at the
//! first one.

use std::ffi::OsString;

use clap::{
    ArgMatches, Command, Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// The parsed part of the line, and each mistake in it. `--help` and the like end the process.
pub(super) fn read(command: &Command, line: &[OsString]) -> (Option<ArgMatches>, Vec<Error>) {
    let (mut line, mut errors) = (line.to_vec(), Vec::new());
    loop {
        match command.clone().try_get_matches_from(&line) {
            Ok(matches) => return (Some(matches), errors),
            Err(error) if is_help(&error) => error.exit(),
            Err(error) => {
                let removed = remove_unknown(&mut line, &error);
                errors.push(error);
                if !removed {
                    let lenient = command.clone().ignore_errors(true);
                    return (lenient.try_get_matches_from(&line).ok(), errors);
                }
            }
        }
    }
}

/// The mistake in one line, without the usage.
pub(super) fn message(error: &Error) -> String {
    let text = error.render().to_string();
    let told = text.split("\n\nUsage:").next().unwrap_or(&text);
    let told = told
        .split("\n\nFor more information")
        .next()
        .unwrap_or(told);
    let words: Vec<&str> = told
        .trim_start_matches("error: ")
        .split_whitespace()
        .collect();
    words.join(" ")
}

fn is_help(error: &Error) -> bool {
    !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// Removes an unknown flag and its value, so that the rest can be parsed. The word after a flag is
/// its value unless it is itself a flag.
fn remove_unknown(line: &mut Vec<OsString>, error: &Error) -> bool {
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidArg) else {
        return false;
    };
    if error.kind() != ErrorKind::UnknownArgument {
        return false;
    }
    let with_value = format!("{name}=");
    let found = line.iter().skip(1).position(|word| {
        let word = word.to_string_lossy();
        word == name.as_str() || word.starts_with(&with_value)
    });
    let Some(index) = found.map(|index| index + 1) else {
        return false;
    };
    let removed = line.remove(index);
    let is_flag = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
    if is_flag(&removed)
        && removed.to_string_lossy() == name.as_str()
        && line.get(index).is_some_and(|next| !is_flag(next))
    {
        line.remove(index);
    }
    true
}
