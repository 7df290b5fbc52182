//! The reference server of `cargo xtask bench`: the same framework without a service behind it.
//!
//! It answers each route with fixed bytes, those of the service's own answer, so that the
//! difference in speed is the cost of the service's decisions.

use std::{io::Write as _, net::SocketAddr};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    routing::{MethodFilter, get, on},
    serve::ListenerExt as _,
};
use serde::Deserialize;
use tokio::net::TcpListener;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// One route and its answer.
#[derive(Deserialize)]
struct Answer {
    method: String,
    path: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

fn route(router: Router, answer: Answer) -> Fallible<Router> {
    let status = StatusCode::from_u16(answer.status)?;
    let mut headers = HeaderMap::new();
    for (name, value) in answer.headers {
        headers.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    let body = Bytes::from(answer.body);
    let answered = move || (status, headers.clone(), body.clone());
    let handler = match answer.method.as_str() {
        "GET" => get(async move || answered()),
        // The body is read, as a real service has to.
        method => on(
            MethodFilter::try_from(method.parse::<axum::http::Method>()?)?,
            async move |_: Bytes| answered(),
        ),
    };
    Ok(router.route(&answer.path, handler))
}

#[tokio::main]
async fn main() -> Fallible<()> {
    let answers = std::fs::read(std::env::var("BARE_ANSWERS")?)?;
    let answers: Vec<Answer> = serde_json::from_slice(&answers)?;
    let ready = Router::new().route("/health/ready", get(async || "ready"));
    let router = answers.into_iter().try_fold(ready, route)?;
    let address: SocketAddr = std::env::var("COUNTERSIGN_LISTEN")?.parse()?;
    let listener = TcpListener::bind(address).await?;
    let line =
        serde_json::json!({ "message": "listening", "listen": listener.local_addr()?.to_string() });
    writeln!(std::io::stderr(), "{line}")?;
    let at_once = listener.tap_io(|stream| {
        // Without it an answer may wait until a packet is full.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(at_once, router).await?)
}
