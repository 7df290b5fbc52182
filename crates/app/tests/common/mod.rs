//! The real binary on a database of its own, and a client: the base of every end-to-end test.

#![allow(dead_code, reason = "each test binary uses another part")]

use std::{
    env,
    path::Path,
    process::{self, Command, Output},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use countersign_xtask::{
    server::{Launch, Server},
    sql,
};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_countersign");
pub(crate) const TOKENS: &str = "/api/v1/api-tokens";
/// Late, and allowed: tokens live for two years at most.
pub(crate) const EXPIRY_MONTHS: u32 = 12;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

/// Both, for tests that promise the same on each.
pub(crate) const BOTH: [On; 2] = [On::Sqlite, On::Postgres];

impl On {
    /// The URL of a new, empty database; SQLite's is in the folder of the server that gets it.
    pub(crate) fn database(self) -> String {
        match self {
            Self::Sqlite => "sqlite:tokens.db".to_owned(),
            Self::Postgres => empty_postgres(),
        }
    }
}

fn empty_postgres() -> String {
    let (admin, name) = (maintenance(), unused_name());
    sql::postgres(&admin, &format!("CREATE DATABASE {name}")).unwrap();
    on_server(&admin, &name)
}

/// The superuser's URL of the maintenance database.
pub(crate) fn maintenance() -> String {
    env::var("COUNTERSIGN_TEST_POSTGRES_URL")
        .expect("there is no PostgreSQL for this test: run `cargo xtask test`")
}

/// The same server, another database.
pub(crate) fn on_server(admin: &str, database: &str) -> String {
    let (server, _) = admin.rsplit_once('/').unwrap();
    format!("{server}/{database}")
}

/// A name that no other test of this run has; what an earlier run left under it goes.
pub(crate) fn unused_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("app_{}_{number}", process::id());
    sql::postgres(&maintenance(), &format!("DROP DATABASE IF EXISTS {name}")).unwrap();
    name
}

/// A running service with its root token.
pub(crate) struct Node {
    pub(crate) server: Server,
    pub(crate) database_url: String,
    pub(crate) root: String,
    client: Client,
}

impl Node {
    /// On an empty database.
    pub(crate) fn start(on: On) -> Self {
        Self::start_with(on, &[])
    }

    /// On an empty database, with further environment variables.
    pub(crate) fn start_with(on: On, environment: &[(&str, &str)]) -> Self {
        let mut launch = Launch::new(BINARY, on.database());
        let pairs = environment.iter();
        launch.environment = pairs.map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Self::launch(launch)
    }

    /// As told; the database has to be empty.
    pub(crate) fn launch(launch: Launch) -> Self {
        let database_url = launch.database_url.clone();
        let server = Server::start(launch).unwrap();
        let root = server.root_token().unwrap();
        // No proxy of the test's environment, and no connection that a restart has broken meanwhile.
        let builder = Client::builder().no_proxy().pool_max_idle_per_host(0);
        let client = builder.build().unwrap();
        Self {
            server,
            database_url,
            root,
            client,
        }
    }

    /// Runs another command of the binary on the same database.
    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        countersign(self.server.folder(), &self.database_url, arguments)
    }

    /// A request with the root token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_as(&self.root, method, path)
    }

    /// A request with that token.
    pub(crate) fn request_as(&self, secret: &str, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.server.url()))
            .bearer_auth(secret)
    }

    /// Makes a token that may read tokens, and returns the whole answer.
    pub(crate) async fn create(&self, name: &str) -> Value {
        let body = json!({
            "name": name,
            "expiry": in_a_year(),
            "permissions": ["api.api-tokens.read"],
        });
        let answer = self.request(Method::POST, TOKENS).json(&body).send();
        answered(answer.await.unwrap(), 201).await
    }

    /// Renames a token of that version.
    pub(crate) async fn rename(&self, id: &str, version: u64, name: &str) -> Response {
        self.request(Method::PUT, &format!("{TOKENS}/{id}"))
            .json(&json!({"version": version, "name": name}))
            .send()
            .await
            .unwrap()
    }

    /// A token's record.
    pub(crate) async fn get(&self, id: &str) -> Value {
        let answer = self.request(Method::GET, &format!("{TOKENS}/{id}")).send();
        answered(answer.await.unwrap(), 200).await
    }

    /// One value out of the database, read behind the service's back.
    pub(crate) fn sql(&self, statement: &str) -> String {
        match self.database_url.strip_prefix("sqlite:") {
            Some(path) => sql::sqlite(&self.server.folder().join(path), statement).unwrap(),
            None => sql::postgres(&self.database_url, statement).unwrap(),
        }
    }
}

/// The body of an answer that has to have this status.
pub(crate) async fn answered(answer: Response, status: u16) -> Value {
    let actual = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    assert_eq!(actual, status, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// Today in a year, by the system's clock.
pub(crate) fn in_a_year() -> String {
    now().plus_months(EXPIRY_MONTHS).to_string()
}

/// So many seconds from now, by the system's clock.
pub(crate) fn in_seconds(seconds: u32) -> String {
    now().plus_seconds(seconds).to_string()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the service under test lives in real time"
)]
fn now() -> countersign_domain::Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = i64::try_from(since.unwrap().as_micros()).unwrap();
    countersign_domain::Timestamp::from_micros(micros).unwrap()
}

/// Runs the binary to its end, with nothing of the surrounding settings.
pub(crate) fn countersign(folder: &Path, database_url: &str, arguments: &[&str]) -> Output {
    bare(folder)
        .env("COUNTERSIGN_DATABASE_URL", database_url)
        .args(arguments)
        .output()
        .unwrap()
}

/// The binary without any setting, not started yet.
pub(crate) fn bare(folder: &Path) -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"COUNTERSIGN_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder);
    command
}

/// What a program wrote.
pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Asks until it is so, for at most half a minute.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < end, "still not: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
