//! What is for people, and what is answered where there is nothing.

use super::world::{Ask, TOKENS, World, path};

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let world = World::new().await;
    for target in [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v1/api-tokens/",
        "/problems/nothing",
        "/api/docs/nothing.js",
        "/favicon.ico",
    ] {
        let reply = world.send(Ask::new("GET", target)).await;
        reply.problem(404, "no-such-route");
    }
    let one = path(&world.root.view);
    for (method, target, allowed) in [
        ("PATCH", one.as_str(), &["GET", "PUT", "DELETE", "HEAD"][..]),
        ("TRACE", &one, &["GET", "PUT", "DELETE", "HEAD"]),
        ("BREW", TOKENS, &["GET", "POST", "HEAD"]),
        ("OPTIONS", TOKENS, &["GET", "POST", "HEAD"]),
        ("POST", "/health/live", &["GET", "HEAD"]),
        ("GET", "/api/v1/api-tokens/query", &["POST"]),
        (
            "PUT",
            "/api/v1/api-tokens/current",
            &["GET", "DELETE", "HEAD"],
        ),
        ("POST", "/problems", &["GET", "HEAD"]),
    ] {
        let reply = world.send(world.ask(method, target)).await;
        reply.problem(405, "method-not-allowed");
        let mut found: Vec<_> = reply.header("allow").split(',').map(str::trim).collect();
        found.sort_unstable();
        let mut allowed = allowed.to_vec();
        allowed.sort_unstable();
        assert_eq!(found, allowed, "{method} {target}");
    }
    let long = format!("/{}", "x".repeat(16 * 1024));
    world
        .send(Ask::new("GET", long))
        .await
        .problem(414, "uri-too-long");
}

#[tokio::test]
async fn problems_are_explained_to_everybody() {
    let world = World::new().await;
    let missing = world.send(Ask::new("GET", TOKENS)).await;
    let kind = missing.problem(401, "missing-credential")["type"]
        .as_str()
        .unwrap()
        .to_owned();
    for target in ["/problems", &kind] {
        let reply = world.send(Ask::new("GET", target)).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        assert!(
            reply
                .header("content-security-policy")
                .starts_with("default-src 'none'")
        );
        assert!(String::from_utf8_lossy(&reply.body).contains("missing-credential"));
    }
}

#[tokio::test]
async fn the_document_is_served_and_its_page_loads_only_from_here() {
    let world = World::new().await;
    let document = world.send(Ask::new("GET", "/api/openapi.json")).await;
    assert_eq!(document.body, countersign_http::openapi());
    let page = world.send(Ask::new("GET", "/api/docs")).await;
    assert_eq!(
        (page.status.as_u16(), page.header("location")),
        (308, "/api/docs/")
    );
    let page = world.send(Ask::new("GET", "/api/docs/")).await;
    assert_eq!(page.status, 200);
    let html = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "{html}"
    );
    assert!(
        !html.contains("<script>"),
        "the policy allows no inline script: {html}"
    );
    let mut files: Vec<_> = html
        .split(['"', '\''])
        .filter(|word| matches!(word.rsplit_once('.'), Some((_, "js" | "css"))))
        .collect();
    assert!(files.len() >= 4, "{html}");
    files.push("swagger-initializer.js");
    for file in files {
        let reply = world
            .send(Ask::new(
                "GET",
                format!("/api/docs/{}", file.trim_start_matches("./")),
            ))
            .await;
        assert_eq!(reply.status, 200, "{file}");
        assert!(
            reply
                .header("content-security-policy")
                .contains("script-src 'self'")
        );
    }
    let setup = world
        .send(Ask::new("GET", "/api/docs/swagger-initializer.js"))
        .await;
    assert!(String::from_utf8_lossy(&setup.body).contains("/api/openapi.json"));
}

#[tokio::test]
async fn json_comes_whatever_is_accepted() {
    let world = World::new().await;
    let reply = world
        .send(
            world
                .ask("GET", path(&world.root.view))
                .header("accept", "text/html"),
        )
        .await;
    reply.expect(200);
    assert_eq!(reply.header("content-type"), "application/json");
}
