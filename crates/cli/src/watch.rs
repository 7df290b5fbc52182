//! Following the changes of tokens.

use countersign_client::{Client, StreamEvent};
use serde_json::Value;

use crate::{
    args::WatchArgs,
    failure::{Failure, Outcome},
    output::{Format, remark, write_line},
    table::cell,
};

pub(crate) async fn watch(client: &Client, args: WatchArgs, format: Format) -> Outcome {
    let mut stream = client.changes(args.after);
    let mut left = args.limit.unwrap_or(usize::MAX);
    let mut has_been_open = false;
    while left > 0 {
        match stream.next().await? {
            StreamEvent::Ready => {
                let position = stream.position().unwrap_or_default();
                remark(&format!("following the changes after {position}"));
                has_been_open = true;
            }
            StreamEvent::Change(change) => {
                write(format, change.raw())?;
                left -= 1;
            }
            StreamEvent::Reset => {
                remark("changes were missed: read anew what you hold");
            }
            // A service that was never there is more likely a wrong URL.
            StreamEvent::Lost(error) if !has_been_open => return Err(error.into()),
            StreamEvent::Lost(error) => {
                remark(&format!(
                    "{}; trying again",
                    Failure::Client(error).message(None)
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// One line for each change, since a stream has no end.
fn write(format: Format, change: &Value) -> Outcome {
    if format == Format::Table {
        let [kind, version, id] = ["kind", "version", "id"].map(|name| cell(change.get(name)));
        return write_line(&format!("{kind:8} version {version} of {id}"));
    }
    if format == Format::Yaml {
        return write_line(&format!(
            "---\n{}",
            crate::yaml::document(change).trim_end()
        ));
    }
    write_line(&change.to_string())
}
