//! Any request to the API.

use std::io::{self, Read as _, Write as _};

use countersign_client::{Client, Method};
use serde_json::Value;

use crate::{
    args::ApiArgs,
    failure::{Failure, Outcome, mistake},
    output::{Format, remark},
};

pub(crate) async fn request(client: &Client, args: ApiArgs, format: Format) -> Outcome {
    let method: Method =
        args.method.to_ascii_uppercase().parse().map_err(|_| {
            Failure::Usage(format!("{:?} is not a method, such as GET", args.method))
        })?;
    let body = args.body.map(body).transpose()?;
    let answer = client
        .request(method, &args.path, body)
        .await?
        .successful()?;
    remark(&format!("{}", answer.status));
    if answer.body.is_empty() {
        return Ok(());
    }
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(value) if format == Format::Table => Format::Json.write_one(&value),
        Ok(value) => format.write_one(&value),
        Err(_) => {
            let mut out = io::stdout().lock();
            out.write_all(&answer.body)?;
            Ok(out.flush()?)
        }
    }
}

fn body(given: String) -> Outcome<Vec<u8>> {
    if given != "-" {
        return Ok(given.into_bytes());
    }
    let mut body = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut body);
    read.map_err(|error| mistake(format!("cannot read standard input: {error}")))?;
    Ok(body)
}
