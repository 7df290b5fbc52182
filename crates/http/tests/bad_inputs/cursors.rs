//! Cursors: altered, cut, taken from elsewhere; and lists that change while somebody reads their
//! pages.

use std::collections::BTreeSet;

use countersign_application::testing::rename_to;
use serde_json::json;

use crate::harness::{Service, TOKENS, path_of, row};

const INVALID: &str = "400 invalid-parameter: cursor invalid-value";

async fn next(service: &Service, target: &str) -> String {
    let reply = service.send(&service.ask("GET", target)).await.json();
    reply["nextCursor"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_cursor_is_handed_back_as_it_was() {
    let service = Service::start().await;
    let made = service.token().await;
    service.home.update(&made.view, &rename_to("second")).await;
    let events = format!("{}/events", path_of(&made));
    let lists = [TOKENS, &events];
    let mut rows = Vec::new();
    for list in lists {
        let cursor = next(&service, &format!("{list}?limit=1")).await;
        let with = |cursor: &str| service.ask("GET", format!("{list}?limit=1&cursor={cursor}"));
        rows.push(row("as it was", with(&cursor), "200"));
        for end in 0..cursor.len() {
            rows.push(row(format!("cut at {end}"), with(&cursor[..end]), INVALID));
            let mut altered = cursor.clone().into_bytes();
            altered[end] = if altered[end] == b'x' { b'y' } else { b'x' };
            let altered = String::from_utf8(altered).unwrap();
            rows.push(row(format!("altered at {end}"), with(&altered), INVALID));
        }
        for (what, other) in [
            ("longer", format!("{cursor}A")),
            ("padded", format!("{cursor}%3D")),
            ("a blank behind", format!("{cursor}%20")),
            ("doubled", format!("{cursor}{cursor}")),
            ("other alphabet", "%2B".repeat(cursor.len())),
            ("a number", "1".to_owned()),
            ("an id", made.view.token.id.to_string()),
            ("NUL", "%00".to_owned()),
            ("no UTF-8", "%ff".to_owned()),
            ("very long", "A".repeat(4000)),
        ] {
            rows.push(row(what, with(&other), INVALID));
        }
        let twice = "400 invalid-parameter: cursor several-values";
        rows.push(row(
            "twice",
            with(&format!("{cursor}&cursor={cursor}")),
            twice,
        ));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn a_cursor_leads_on_only_where_it_came_from() {
    let service = Service::start().await;
    let (mine, other) = (service.token().await, service.token().await);
    let (theirs, more) = (
        service.away.make("theirs").await,
        service.away.make("more").await,
    );
    for (realm, made) in [
        (&service.home, &mine),
        (&service.home, &other),
        (&service.away, &theirs),
    ] {
        let name = format!("second of {}", made.view.token.id);
        realm.update(&made.view, &rename_to(&name)).await;
    }
    let away = async |target: String| {
        let ask = service.ask("GET", target).by(&more.secret);
        service.send(&ask).await.json()["nextCursor"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let events = |made| format!("{}/events", path_of(made));
    let list = next(&service, &format!("{TOKENS}?limit=1")).await;
    let of_mine = next(&service, &format!("{}?limit=1", events(&mine))).await;
    let of_theirs = away(format!("{}?limit=1", events(&theirs))).await;
    let with = |path: &str, cursor: &str| service.ask("GET", format!("{path}?cursor={cursor}"));
    service
        .check([
            row(
                "another tenant's list",
                with(TOKENS, &away(format!("{TOKENS}?limit=1")).await),
                INVALID,
            ),
            row(
                "another tenant's events",
                with(&events(&mine), &of_theirs),
                INVALID,
            ),
            row(
                "the list's for events",
                with(&events(&mine), &list),
                INVALID,
            ),
            row("the events' for the list", with(TOKENS, &of_mine), INVALID),
            row(
                "another token's events",
                with(&events(&other), &of_mine),
                INVALID,
            ),
            row("its own", with(&events(&mine), &of_mine), "200"),
        ])
        .await;
}

#[tokio::test]
async fn whoever_pages_sees_all_that_stood_throughout_and_none_twice() {
    let service = Service::start().await;
    let mut standing = BTreeSet::from([service.root.view.token.id.to_string()]);
    let mut passing = Vec::new();
    for number in 0..30 {
        let made = service.token().await;
        if number % 3 == 0 {
            passing.push(made);
        } else {
            standing.insert(made.view.token.id.to_string());
        }
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let target = format!("{TOKENS}?limit=4{cursor}");
        let (reply, flaws) = service.watch(&service.ask("GET", target)).await;
        assert_eq!(flaws, [""; 0]);
        let page = reply.json();
        let content = page["content"].as_array().unwrap();
        seen.extend(
            content
                .iter()
                .map(|record| record["id"].as_str().unwrap().to_owned()),
        );
        // Between two pages one goes, one comes, and the last one seen is renamed.
        if let Some(made) = passing.pop() {
            service.home.revoke(&made.view).await;
        }
        if seen.len() < 20 {
            let new = service.send(&service.creation(json!({}))).await;
            assert_eq!(new.status, 201);
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let once: BTreeSet<_> = seen.iter().cloned().collect();
    assert_eq!(once.len(), seen.len(), "one came twice");
    assert!(once.is_superset(&standing), "one was skipped");
}
