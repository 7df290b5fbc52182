//! The doors that are measured, and the bare server that answers as they do but thinks nothing.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::json;

use super::client::{Answer, Client};
use super::load::Request;
use super::setup::{BenchSetup, Database};
use crate::server::{Launch, Server};

/// A way to ask whether a credential holds. The secret is the value of the request.
#[derive(Debug, Clone)]
pub(super) struct Door {
    pub(super) name: &'static str,
    pub(super) request: Request,
}

fn request(method: &str, path: &str, bearer: &str, body: Option<&str>) -> Request {
    let mut headers = vec![("authorization".to_owned(), format!("Bearer {bearer}"))];
    if body.is_some() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        headers,
        body: body.map(str::to_owned),
    }
}

/// The doors to measure.
pub(super) fn doors(database: &Database) -> Vec<Door> {
    let (auth, verify) = (
        "/auth?permission=api.tasks.read",
        "/api/v1/api-tokens/verify",
    );
    let body = r#"{"token":"{value}"}"#;
    vec![
        Door {
            name: "GET /auth",
            request: request("GET", auth, "{value}", None),
        },
        Door {
            name: "POST /api/v1/api-tokens/verify",
            request: request("POST", verify, &database.root, Some(body)),
        },
        Door {
            name: "GET /api/v1/api-tokens/current",
            request: request("GET", "/api/v1/api-tokens/current", "{value}", None),
        },
    ]
}

/// A request by the one who may do everything.
pub(super) fn by_root(
    database: &Database,
    method: &str,
    path: &str,
    body: Option<&str>,
) -> Request {
    request(method, path, &database.root, body)
}

/// What the service answers at a door to a live secret; `None` where it has no such door.
pub(super) fn sample(server: &Server, door: &Door, secret: &str) -> Result<Option<Answer>> {
    let answer = Client::connect(server.address())?.ask(&door.request, secret)?;
    if matches!(answer.status, 404 | 405) {
        return Ok(None);
    }
    ensure!(
        (200..300).contains(&answer.status),
        "{} answers {}: {}",
        door.name,
        answer.status,
        answer.body
    );
    Ok(Some(answer))
}

/// Starts the bare server, with each door's answer to give.
pub(super) fn bare(setup: &BenchSetup, answers: &[(&Door, Answer)]) -> Result<Server> {
    // These the server adds by itself, as ours does.
    let own = |name: &str| matches!(name, "date" | "content-length");
    let routes: Vec<_> = answers
        .iter()
        .map(|(door, answer)| {
            let headers: Vec<_> = answer.headers.iter().filter(|header| !own(&header.0)).collect();
            let path = door.request.path.split('?').next();
            json!({
                "method": door.request.method, "path": path, "status": answer.status, "headers": headers,
                "body": answer.body,
            })
        })
        .collect();
    let file = setup.file("answers.json");
    fs::write(&file, serde_json::to_vec(&routes)?)?;
    let mut launch = Launch::new(setup.programs().join("examples/bare"), "none");
    launch
        .environment
        .push(("BARE_ANSWERS".to_owned(), file.display().to_string()));
    Server::start(launch)
}
