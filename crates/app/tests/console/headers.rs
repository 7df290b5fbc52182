//! The headers of every page, as they are sent.

use reqwest::{Response, header};

use crate::{
    desk::{Desk, text},
    visitor::Visitor,
};

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_others_out() {
    let desk = Desk::start();
    let base = desk.node.server.url();
    let token = desk.token("Reader", &["api.tasks.read"]).await;
    let page = format!("/console/tokens/{}", text(&token, "id"));
    let stranger = Visitor::new(&base).await;
    let root = Visitor::signed_in(&base, &desk.node.root).await;

    for path in [
        "/",
        "/console",
        "/console?q=nothing",
        "/console/sign-in?ended=over",
        "/console/tokens/new",
        &page,
        &format!("{page}/edit"),
        &format!("{page}/rotate"),
        &format!("{page}/revoke"),
        "/console/tokens/none",
        "/console/nowhere",
    ] {
        for visitor in [&root, &stranger] {
            guarded(path, &visitor.get(path).send().await.unwrap());
        }
    }
    let rotated = format!("{page}/rotate");
    let made = root
        .post(&rotated, &[("version", "1"), ("overlap", "0")])
        .send();
    let made = made.await.unwrap();
    assert_eq!(made.status(), 200);
    guarded("the page with a secret", &made);
    guarded("a bad sign-in", &stranger.sign_in("csg_wrong").await);
    let mut forged = Visitor::signed_in(&base, &desk.node.root).await;
    forged.form = "x".repeat(forged.form.len());
    let refused = forged.post("/console/sign-out", &[]).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    guarded("a forged form", &refused);
    assert_eq!(forged.get("/console").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_cookie_is_for_this_host_and_no_script_and_over_tls_for_nothing_else() {
    let desk = Desk::start();
    let mut visitor = Visitor::new(&desk.node.server.url()).await;
    visitor.cookie.clear();
    for (proto, name, secure) in [
        ("http", "countersign=", false),
        ("https", "__Host-countersign=", true),
    ] {
        let asked = visitor.get("/console/sign-in");
        let shown = asked
            .header("x-forwarded-proto", proto)
            .send()
            .await
            .unwrap();
        let set = shown.headers()[header::SET_COOKIE].to_str().unwrap();
        assert!(set.starts_with(name), "{set}");
        for flag in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
            assert!(set.contains(flag), "{set}");
        }
        assert_eq!(set.contains("; Secure"), secure, "{set}");
        assert!(!set.contains("Domain"), "{set}");
    }
}

#[track_caller]
fn guarded(what: &str, answer: &Response) {
    let header = |name: &str| {
        let value = answer.headers().get(name);
        value
            .unwrap_or_else(|| panic!("{what}: no {name}"))
            .to_str()
            .unwrap()
    };
    let policy = header("content-security-policy");
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    for directive in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(directive), "{what}: {policy}");
    }
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
    assert_eq!(header("cache-control"), "no-store", "{what}");
}
