//! Change of a token in an editor.

use std::{
    env,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::Path,
    process::Command,
};

use clap::Args;
use countersign_client::{Client, Open, Token, UpdateOptions};
use serde_json::Value;

use super::{
    fields::{Fields, changed, editable},
    find,
    store::{Change, store},
};
use crate::{
    failure::{Outcome, mistake, sanitized},
    output::{Format, remark},
};

#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// Id or name of the token
    pub(crate) token: String,
    /// Save without a question
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// After a conflict, apply what does not clash to the stored version
    #[arg(long)]
    pub(crate) merge: bool,
    /// Allow that the caller itself is no longer admitted from its address
    #[arg(long)]
    pub(crate) allow_lockout: bool,
}

pub(crate) async fn edit(client: &Client, args: EditArgs, format: Format) -> Outcome {
    let record = find(client, &args.token).await?;
    let before = editable(record.raw());
    let after = in_editor(&record, &before)?;
    let fields = changed(&before, &after);
    if fields.is_empty() {
        remark("nothing is changed");
        return Ok(());
    }
    let mut change = Change {
        version: record.version,
        record,
        fields,
        options: UpdateOptions {
            dry_run: true,
            allow_lockout: args.allow_lockout,
        },
        merge: args.merge,
    };
    let tried = store(
        client,
        Change {
            record: change.record.clone(),
            fields: change.fields.clone(),
            ..change
        },
    );
    remark(&difference(tried.await?.raw()));
    if !args.yes && !confirmed()? {
        remark("nothing is stored");
        return Ok(());
    }
    change.options.dry_run = false;
    format.write_one(store(client, change).await?.raw())
}

/// Runs the editor on the fields in TOML, and reads what it leaves.
fn in_editor(record: &Open<Token>, before: &Fields) -> Outcome<Fields> {
    let failed = |error: io::Error| mistake(format!("cannot edit: {error}"));
    let mut file = tempfile::Builder::new()
        .prefix("countersign-")
        .suffix(".toml")
        .tempfile()
        .map_err(failed)?;
    let shown: Fields = before
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let text = toml::to_string_pretty(&shown).map_err(|error| mistake(error.to_string()))?;
    write!(
        file,
        "# Token {}, version {}. Fields that are left out stay as they are.\n{text}",
        record.id, record.version
    )
    .map_err(failed)?;
    run_editor(file.path())?;
    let text = std::fs::read_to_string(file.path()).map_err(failed)?;
    match toml::from_str::<Fields>(&text) {
        Ok(fields) => Ok(fields),
        Err(error) => {
            let kept = file.keep().map_err(|error| failed(error.error))?;
            Err(mistake(format!(
                "this is not TOML: {error}\nyour text is in {}",
                kept.1.display()
            )))
        }
    }
}

fn run_editor(path: &Path) -> Outcome {
    let named = ["VISUAL", "EDITOR"]
        .iter()
        .filter_map(env::var_os)
        .find(|value| !value.is_empty());
    let editor = named.unwrap_or_else(|| "vi".into());
    // Through a shell, because the variable may have arguments in it.
    let line = format!("{} \"$1\"", editor.to_string_lossy());
    let mut command = Command::new("sh");
    command.args(["-c", &line, "sh"]).arg(path);
    if io::stdout().is_terminal() {
        command.stdout(io::stdout());
    } else {
        // Standard output is for data.
        command.stdout(io::stderr());
    }
    let status = command.status();
    let status = status.map_err(|error| mistake(format!("cannot run the editor: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(mistake(format!(
            "the editor {} failed: {status}",
            editor.display()
        )))
    }
}

/// The changes that a dry run reports, line by line.
fn difference(tried: &Value) -> String {
    let mut lines = Vec::new();
    let changes = tried.get("changes").and_then(Value::as_object);
    for (name, change) in changes.into_iter().flatten() {
        lines.push(format!("{name}:"));
        let [before, after] = ["before", "after"].map(|side| entries(change.get(side)));
        let gone = before.iter().filter(|entry| !after.contains(entry));
        lines.extend(gone.map(|entry| format!("  - {entry}")));
        let added = after.iter().filter(|entry| !before.contains(entry));
        lines.extend(added.map(|entry| format!("  + {entry}")));
    }
    if lines.is_empty() {
        lines.push("the stored record would stay as it is".to_owned());
    }
    sanitized(&lines.join("\n"))
}

fn entries(value: Option<&Value>) -> Vec<String> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().flat_map(|entry| entries(Some(entry))).collect(),
        Some(other) => vec![other.to_string()],
    }
}

fn confirmed() -> Outcome<bool> {
    let _ = write!(io::stderr(), "Save? [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| mistake(format!("cannot read standard input: {error}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
