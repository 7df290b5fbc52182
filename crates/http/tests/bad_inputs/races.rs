//! Concurrent requests, and a history that cannot be written.

use countersign_application::{Audit, testing::Notes};
use futures_util::future::join;
use serde_json::json;

use crate::harness::{Service, path_of, row};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_and_a_revocation_at_once() {
    let service = Service::start().await;
    for _ in 0..24 {
        let made = service.token().await;
        let put = service.edit_of(&made, json!({"name": service.fresh_name()}));
        let delete = service.ask("DELETE", path_of(&made));
        let (changed, revoked) = join(service.send(&put), service.send(&delete)).await;
        assert_eq!(
            revoked.status, 204,
            "a revocation without a version follows the record"
        );
        assert_eq!(
            (changed.flaws(&put), revoked.flaws(&delete)),
            (vec![], vec![])
        );
        let outline = changed.outline();
        assert!(
            ["200", "404 token-not-found"].contains(&&*outline),
            "{outline}"
        );
        let events = service.ask("GET", format!("{}/events", path_of(&made)));
        let history = service.send(&events).await.json()["content"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(history, if changed.status == 200 { 3 } else { 2 });
        let after = [
            row("PUT after DELETE", put, "404 token-not-found"),
            row("DELETE after DELETE", delete, "404 token-not-found"),
            row(
                "GET after DELETE",
                service.ask("GET", path_of(&made)),
                "404 token-not-found",
            ),
        ];
        service.check(after).await;
    }
    let audit = Audit::new(service.home.stores.audit.clone());
    let mut notes = Notes::default();
    let verified = audit.verify(&mut notes).await.unwrap();
    assert_eq!((verified.findings, notes.findings), (0, vec![]));
}

#[tokio::test]
async fn without_its_event_no_change_is_made() {
    let service = Service::start().await;
    let made = service.token().await;
    service
        .execute(
            "CREATE TRIGGER outage BEFORE INSERT ON audit_events
             BEGIN SELECT raise(ABORT, 'no room for audit events'); END",
        )
        .await;
    let creation = service.creation(json!({}));
    let keyed = creation.clone().with("idempotency-key", "once");
    let edit = service.edit_of(
        &made,
        json!({"name": "unheard", "permissions": ["api.tasks.read"]}),
    );
    let away = "503 store-unavailable";
    let stored = json!({"version": 1, "name": made.view.token.name.as_str()});
    service
        .check([
            row("a change", edit.clone(), away),
            row("making", creation, away),
            row("making under a key", keyed.clone(), away),
            row("a revocation", service.ask("DELETE", path_of(&made)), away),
            row(
                "the record stands",
                service.ask("GET", path_of(&made)),
                stored,
            ),
            row("a dry run", edit.clone().query("dryRun=true"), away),
        ])
        .await;
    service.execute("DROP TRIGGER outage").await;
    service
        .check([
            row("afterwards", edit, json!({"version": 2, "name": "unheard"})),
            row("the key was not used up", keyed, "201"),
        ])
        .await;
}

#[tokio::test]
async fn a_token_revokes_itself_once() {
    let service = Service::start().await;
    let made = service.token().await;
    let delete = service.ask("DELETE", path_of(&made)).by(&made.secret);
    service
        .check([
            row("itself", delete.clone(), "204"),
            row("again", delete, "401 invalid-token"),
            row(
                "by another",
                service.ask("DELETE", path_of(&made)),
                "404 token-not-found",
            ),
        ])
        .await;
}
