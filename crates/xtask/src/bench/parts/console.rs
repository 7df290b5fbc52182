//! What the console's list costs: the same views of the same store over the API's own query, among few tokens and among
//! many, and what a browser has to fetch for a page.

use anyhow::{Context as _, Result, ensure};

use super::{RATE, keep, nothing, plan};
use crate::bench::client::{Answer, Client};
use crate::bench::load::{Plan, Request, as_f64};
use crate::bench::reference::by_root;
use crate::bench::results::{Key, OURS, Results};
use crate::bench::say;
use crate::bench::setup::{BenchSetup, Database};
use crate::server::Server;

pub(in crate::bench) const PART: &str = "console";
pub(in crate::bench) const QUERY: &str = "the API's query";
const FETCHED: &str = "fetched for the list";
const REQUESTS: &str = "requests";

const FEW: u64 = 100;
/// As many as a page of the console has.
const ON_A_PAGE: u64 = 25;
const SIGN_IN: &str = "/console/sign-in";
const FORM: &str = "application/x-www-form-urlencoded";

/// One view, as the console and as the API spell it.
struct View {
    name: &'static str,
    page: String,
    query: String,
    filter: &'static str,
}

/// All who are stored have the same permissions; the one who may do everything holds others alone.
fn views(stored: u64) -> Vec<View> {
    // The last that is counted, where there are so many.
    let last = (stored / ON_A_PAGE).min(40);
    let view = |name, page: &str, (number, sort): (u64, &str), filter| View {
        name,
        page: page.to_owned(),
        query: format!("/api/v1/api-tokens/query?page={number}&size={ON_A_PAGE}&sort={sort}"),
        filter,
    };
    let many = r#"{"permissions": {"$contains": ["api.tasks.read"]}}"#;
    let few = r#"{"permissions": {"$contains": ["api.webhooks.read"]}}"#;
    let by_change = (0, "lastModifiedDate,desc");
    vec![
        view("by name, first page", "/console", (0, "name,asc"), "{}"),
        view(
            "by name, page 40 or the last",
            &format!("/console?page={last}"),
            (last - 1, "name,asc"),
            "{}",
        ),
        view(
            "part of many names",
            "/console?q=042",
            (0, "name,asc"),
            r#"{"name": {"$isubstr": "042"}}"#,
        ),
        view(
            "part of a single name",
            "/console?q=000000000042",
            (0, "name,asc"),
            r#"{"name": {"$isubstr": "000000000042"}}"#,
        ),
        view(
            "last changed first",
            "/console?sort=modified&dir=desc",
            by_change,
            "{}",
        ),
        view(
            "with a permission of many, last changed first",
            "/console?permission=api.tasks.read&sort=modified&dir=desc",
            by_change,
            many,
        ),
        view(
            "with a permission of one, last changed first",
            "/console?permission=api.webhooks.read&sort=modified&dir=desc",
            by_change,
            few,
        ),
        view(
            "last used first",
            "/console?sort=used&dir=desc",
            (0, "lastUsedDate,desc"),
            "{}",
        ),
        view(
            "first to expire",
            "/console?sort=expiry",
            (0, "expiry,asc"),
            "{}",
        ),
    ]
}

pub(in crate::bench) fn measure(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    let databases = [
        setup.postgres(FEW)?,
        setup.postgres(setup.options.stored())?,
    ];
    for database in &databases {
        let server = setup.serve(database, &[])?;
        let cookie = signed_in(&server, &database.root)?;
        for round in 0..setup.options.rounds {
            for view in views(database.stored) {
                let page = Request {
                    method: "GET".to_owned(),
                    path: view.page,
                    headers: vec![("cookie".to_owned(), cookie.clone())],
                    body: None,
                };
                let query = by_root(database, "POST", &view.query, Some(view.filter));
                for (subject, request) in [(OURS, &page), (QUERY, &query)] {
                    // One after the other: what a person waits for, not what many do to each other.
                    let plan = Plan {
                        connections: 1,
                        threads: 1,
                        seconds: setup.options.seconds() / 2.0,
                        ..plan(setup, &server, request, nothing(setup)?)?
                    };
                    let outcome = setup.load(&plan)?;
                    let key = Key {
                        part: PART,
                        what: view.name,
                        subject,
                        x: database.stored,
                        unit: RATE,
                    };
                    keep(results, key, round, &outcome);
                }
            }
        }
        say(&format!("    {} tokens: done", database.stored));
        if database.stored != FEW {
            weigh(results, &server, &cookie, database)?;
        }
    }
    Ok(())
}

/// Signs in as a browser does, and returns the session's cookie.
fn signed_in(server: &Server, secret: &str) -> Result<String> {
    let mut client = Client::connect(server.address())?;
    let shown = client.ask(&get(SIGN_IN, ""), "")?;
    let form = "name=\"form\" value=\"";
    let form = shown
        .body
        .split(form)
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let form = form.context("there is no form to sign in with")?;
    let headers = [
        ("cookie", cookie(&shown)?),
        ("content-type", FORM.to_owned()),
    ];
    let sent = Request {
        method: "POST".to_owned(),
        path: SIGN_IN.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        body: Some(format!("form={form}&token={secret}")),
    };
    let answer = client.ask(&sent, "")?;
    ensure!(answer.status == 303, "signing in answers {}", answer.status);
    cookie(&answer)
}

fn cookie(answer: &Answer) -> Result<String> {
    let set = answer
        .headers
        .iter()
        .find(|header| header.0 == "set-cookie");
    let pair = set.and_then(|header| header.1.split(';').next());
    Ok(pair.context("no cookie was set")?.to_owned())
}

fn get(path: &str, cookie: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        path: path.to_owned(),
        headers: vec![("cookie".to_owned(), cookie.to_owned())],
        body: None,
    }
}

/// What a browser fetches that has been here before, and what it fetches at its first visit.
fn weigh(results: &mut Results, server: &Server, cookie: &str, database: &Database) -> Result<()> {
    let mut client = Client::connect(server.address())?;
    let page = client.ask(&get("/console", cookie), "")?.body;
    let links = page
        .split('"')
        .filter(|part| part.starts_with("/console/assets/"));
    let mut links: Vec<&str> = links.collect();
    links.sort_unstable();
    links.dedup();
    let mut weights = vec![("HTML".to_owned(), page.len())];
    for link in &links {
        let answer = client.ask(&get(link, cookie), "")?;
        ensure!(answer.status == 200, "{link} answers {}", answer.status);
        let name = link
            .trim_start_matches("/console/assets/")
            .split('?')
            .next();
        weights.push((name.unwrap_or(link).to_owned(), answer.body.len()));
    }
    let all: usize = weights.iter().map(|weight| weight.1).sum();
    let mut add = |subject: &str, unit: &str, value: usize| {
        let key = Key {
            part: PART,
            what: FETCHED,
            subject,
            x: database.stored,
            unit,
        };
        results.add(key, 0, as_f64(value as u64));
    };
    for (name, bytes) in &weights {
        add(name, "bytes", *bytes);
    }
    add("at a first visit", "bytes", all);
    add("at a first visit", REQUESTS, 1 + links.len());
    add("afterwards", "bytes", page.len());
    add("afterwards", REQUESTS, 1);
    Ok(())
}
