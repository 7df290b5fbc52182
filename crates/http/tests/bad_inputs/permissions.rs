//! Permissions that the catalog does not have, or that are similar to those it has.

use serde_json::{Value, json};

use crate::harness::{Service, row};

fn list(permissions: &Value) -> Value {
    json!({"permissions": permissions})
}

#[tokio::test]
async fn unknown_names_are_told_by_their_place() {
    let service = Service::start().await;
    let unknown = "422 rule-violated: /permissions/1 unknown-permission";
    let meant = "422 rule-violated: /permissions/1 unknown-permission ~api.tasks.read";
    let long = "api.tasks.read".repeat(1000);
    let mut rows = Vec::new();
    for (name, want) in [
        ("api.task.read", meant),
        ("Api.Tasks.Read", meant),
        ("API.TASKS.READ", meant),
        ("api.tasks.read ", meant),
        ("api.*", unknown),
        ("*", unknown),
        ("", unknown),
        (" api.tasks.read", meant),
        ("api.tasks.read\0", unknown),
        ("api.tasks.read\n", unknown),
        ("api.tasks.read,api.tasks.write", unknown),
        ("api.tasks", unknown),
        ("api..tasks", unknown),
        ("\u{430}pi.tasks.read", unknown),
        ("admin", unknown),
        (&long, unknown),
    ] {
        let fields = list(&json!(["api.users.read", name]));
        let what: String = name.chars().take(30).collect();
        rows.push(row(what.as_str(), service.edit(fields.clone()).await, want));
        rows.push(row(what, service.creation(fields), want));
    }
    service.check(rows).await;
    let fields = list(&json!([
        "api.users.read",
        "api.tasks.raed",
        "api.webhook.delete"
    ]));
    let each = "422 rule-violated: /permissions/1 unknown-permission ~api.tasks.read, \
        /permissions/2 unknown-permission ~api.webhooks.delete";
    service
        .check([row("two of three", service.edit(fields).await, each)])
        .await;
}

#[tokio::test]
async fn a_list_of_at_least_one() {
    let service = Service::start().await;
    let empty = "422 rule-violated: /permissions empty-permissions";
    let all = "400 invalid-body: /permissions wrong-type";
    let first = "400 invalid-body: /permissions/0 wrong-type";
    let mut rows = Vec::new();
    for (written, want) in [
        (json!([]), empty),
        (json!(null), all),
        (json!("api.tasks.read"), all),
        (json!({"api.tasks.read": true}), all),
        (json!([1]), first),
        (json!([null]), first),
        (json!([["api.tasks.read"]]), first),
    ] {
        let what = written.to_string();
        rows.push(row(what.as_str(), service.edit(list(&written)).await, want));
        rows.push(row(what, service.creation(list(&written)), want));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn doubles_fold_and_the_order_is_one() {
    let service = Service::start().await;
    let written = list(&json!([
        "api.users.read",
        "api.tasks.read",
        "api.users.read",
        "api.tasks.read"
    ]));
    let kept = list(&json!(["api.tasks.read", "api.users.read"]));
    let many = list(&json!(vec!["api.tasks.read"; 3500]));
    let one = list(&json!(["api.tasks.read"]));
    service
        .check([
            row("change", service.edit(written.clone()).await, kept.clone()),
            row("making", service.creation(written), kept),
            row("one, often", service.edit(many).await, one),
        ])
        .await;
}
