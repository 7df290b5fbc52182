//! A token whose record cannot be read, among others: on the pages, and through the API beside them.

use axum::{
    body::Body,
    http::{Request, header},
};
use countersign_application::IssuedToken;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::world::World;

const TOKENS: &str = "/api/v1/api-tokens";

/// Root asks; the status and the body.
async fn ask(world: &World, method: &str, target: &str, body: &Value) -> (u16, Value) {
    ask_if(world, method, target, body, None).await
}

async fn ask_if(
    world: &World,
    method: &str,
    target: &str,
    body: &Value,
    tag: Option<&str>,
) -> (u16, Value) {
    let bearer = format!("Bearer {}", world.root.secret.expose());
    let mut request = Request::builder().method(method).uri(target);
    request = request.header(header::AUTHORIZATION, bearer);
    if let Some(tag) = tag {
        request = request.header(header::IF_MATCH, tag);
    }
    let (request, body) = if body.is_null() {
        (request, Body::empty())
    } else {
        let json = "application/json";
        let body = Body::from(body.to_string());
        (request.header(header::CONTENT_TYPE, json), body)
    };
    let request = request.body(body).unwrap();
    let response = world.surface.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn spoilt(world: &World, sql: &'static str) -> (IssuedToken, String) {
    let made = world.home.make("spoilt").await;
    world.home.make("good").await;
    world.tamper(sql).await;
    let id = made.view.token.id.to_string();
    (made, id)
}

const NAME: &str = "UPDATE api_tokens SET name = CAST(x'ff' AS TEXT) WHERE name = 'spoilt'";
const PERMISSIONS: &str = "UPDATE api_tokens SET permissions = '[5]' WHERE name = 'spoilt'";
const VERSION: &str = "PRAGMA ignore_check_constraints = ON;
                       UPDATE api_tokens SET version = 0 WHERE name = 'spoilt'";

#[tokio::test]
async fn the_list_names_it_and_its_page_lets_it_be_revoked() {
    let world = World::new().await;
    let (_, id) = spoilt(&world, NAME).await;
    let mut browser = world.signed_in(&world.root).await;
    let link = format!("/console/tokens/{id}");
    let page = browser.get("/console").await;
    assert!(page.has("good") && page.has("Root") && page.has("1 to 3 of 3 tokens"));
    assert!(page.has("cannot be read") && page.has(&format!("href=\"{link}\"")));
    let page = browser.get(&link).await;
    let revoke = format!("{link}/revoke");
    assert_eq!(page.status, 200);
    assert!(page.has("Unreadable token") && page.has(&format!("href=\"{revoke}\"")));
    assert!(page.has("Created") && page.has("column name cannot be read"));
    assert!(browser.get(&revoke).await.has("Type the id to confirm"));
    let page = browser.post(&revoke, &[("name", "spoilt")]).await;
    assert!(page.status == 422 && page.has("That is not its id"));
    let page = browser.post(&revoke, &[("name", &id)]).await;
    assert_eq!((page.status.as_u16(), page.location()), (303, &*link));
    let page = browser.get("/console").await;
    assert!(!page.has("cannot be read") && page.has("1 to 2 of 2 tokens"));
    let page = browser.get(&link).await;
    assert!(page.status == 200 && page.has("Revoked"), "{}", page.text);
}

#[tokio::test]
async fn lists_and_queries_give_the_others_and_name_it() {
    let world = World::new().await;
    let (_, id) = spoilt(&world, NAME).await;
    let (mut names, mut unreadable, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let target = format!("{TOKENS}?limit=1{cursor}");
        let (status, part) = ask(&world, "GET", &target, &Value::Null).await;
        assert_eq!(status, 200, "{part}");
        names.extend(part["content"].as_array().unwrap().clone());
        unreadable.extend(part["unreadable"].as_array().cloned().unwrap_or_default());
        let Some(next) = part["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    let names: Vec<_> = names.iter().map(|one| one["name"].clone()).collect();
    assert_eq!(
        (json!(names), json!(unreadable)),
        (json!(["Root", "good"]), json!([id]))
    );
    let (status, page) = ask(&world, "POST", &format!("{TOKENS}/query"), &json!({})).await;
    assert_eq!((status, &page["unreadable"]), (200, &json!([id])));
    assert_eq!(
        (&page["totalElements"], &page["numberOfElements"]),
        (&json!(3), &json!(2))
    );
    let one = format!("{TOKENS}/{id}");
    let edit = json!({"version": 1, "name": "mended"});
    for (method, body) in [("GET", &Value::Null), ("PUT", &edit)] {
        let (status, problem) = ask(&world, method, &one, body).await;
        assert_eq!(status, 500);
        assert_eq!(problem["type"], "/problems/token-unreadable");
        assert_eq!(problem["id"], json!(id));
    }
    let (status, _) = ask_if(&world, "DELETE", &one, &Value::Null, Some("\"2\"")).await;
    assert_eq!(status, 412, "another version");
    let (status, _) = ask_if(&world, "DELETE", &one, &Value::Null, Some("\"1\"")).await;
    assert_eq!(status, 204);
    assert_eq!(ask(&world, "GET", &one, &Value::Null).await.0, 404);
    let (_, page) = ask(&world, "POST", &format!("{TOKENS}/query"), &json!({})).await;
    assert_eq!(
        (&page["totalElements"], page.get("unreadable")),
        (&json!(2), None)
    );
}

#[tokio::test]
async fn a_version_that_cannot_be_read_is_no_precondition() {
    let world = World::new().await;
    let (_, id) = spoilt(&world, VERSION).await;
    let one = format!("{TOKENS}/{id}");
    let (status, problem) = ask_if(&world, "DELETE", &one, &Value::Null, Some("\"1\"")).await;
    assert_eq!(
        (status, &problem["type"]),
        (500, &json!("/problems/token-unreadable"))
    );
    assert_eq!(ask(&world, "DELETE", &one, &Value::Null).await.0, 204);
}

#[tokio::test]
async fn a_check_of_it_is_refused_and_those_beside_it_are_not() {
    let world = World::new().await;
    let (made, _) = spoilt(&world, PERMISSIONS).await;
    let (bad, good) = (made.secret.expose(), world.root.secret.expose());
    let questions = json!([{"token": good}, {"token": bad}, {"token": good}]);
    let (status, told) = ask(&world, "POST", &format!("{TOKENS}/verify"), &questions).await;
    let codes: Vec<_> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["code"])
        .collect();
    assert_eq!(
        (status, json!(codes)),
        (200, json!(["ok", "token-unreadable", "ok"]))
    );
    assert_eq!(
        told[1],
        json!({"active": false, "code": "token-unreadable"})
    );
    let request = Request::get("/auth").header(header::AUTHORIZATION, format!("Bearer {bad}"));
    let request = request.body(Body::empty()).unwrap();
    let response = world.surface.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers().get(header::WWW_AUTHENTICATE), None);
}
