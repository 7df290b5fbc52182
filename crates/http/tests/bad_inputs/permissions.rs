//! Permissions that the catalog does not hold, or that are nearly those it does.

use serde_json::{Value, json};

use crate::harness::{OWN, Service, row};

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
    for (line, name, want) in [
        (72, "api.task.read", meant),
        (72, "Api.Tasks.Read", meant),
        (72, "API.TASKS.READ", meant),
        (72, "api.tasks.read ", meant),
        (72, "api.*", unknown),
        (72, "*", unknown),
        (72, "", unknown),
        (OWN, " api.tasks.read", meant),
        (OWN, "api.tasks.read\0", unknown),
        (OWN, "api.tasks.read\n", unknown),
        (OWN, "api.tasks.read,api.tasks.write", unknown),
        (OWN, "api.tasks", unknown),
        (OWN, "api..tasks", unknown),
        (OWN, "\u{430}pi.tasks.read", unknown),
        (OWN, "admin", unknown),
        (OWN, &long, unknown),
    ] {
        let fields = list(&json!(["api.users.read", name]));
        let what: String = name.chars().take(30).collect();
        rows.push(row(
            line,
            what.as_str(),
            service.edit(fields.clone()).await,
            want,
        ));
        rows.push(row(line, what, service.creation(fields), want));
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
        .check([row(OWN, "two of three", service.edit(fields).await, each)])
        .await;
}

#[tokio::test]
async fn a_list_of_at_least_one() {
    let service = Service::start().await;
    let empty = "422 rule-violated: /permissions empty-permissions";
    let all = "400 invalid-body: /permissions wrong-type";
    let first = "400 invalid-body: /permissions/0 wrong-type";
    let mut rows = Vec::new();
    for (line, written, want) in [
        (73, json!([]), empty),
        (OWN, json!(null), all),
        (OWN, json!("api.tasks.read"), all),
        (OWN, json!({"api.tasks.read": true}), all),
        (OWN, json!([1]), first),
        (OWN, json!([null]), first),
        (OWN, json!([["api.tasks.read"]]), first),
    ] {
        let what = written.to_string();
        rows.push(row(
            line,
            what.as_str(),
            service.edit(list(&written)).await,
            want,
        ));
        rows.push(row(line, what, service.creation(list(&written)), want));
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
            row(
                74,
                "change",
                service.edit(written.clone()).await,
                kept.clone(),
            ),
            row(74, "making", service.creation(written), kept),
            row(OWN, "one, often", service.edit(many).await, one),
        ])
        .await;
}
