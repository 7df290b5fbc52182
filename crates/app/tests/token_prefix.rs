//! The platform's own prefix of secrets, which works at every endpoint, beside those before it; and
//! the rules by which scanners find leaked secrets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::{fs, path::Path, process::Output};

use common::{BINARY, Node, On, TOKENS, answered, bare, in_a_year, text};
use countersign_domain::{Secret, TokenPrefix};
use countersign_xtask::{
    python,
    server::{Launch, Server},
};
use reqwest::{Client, Method, header, redirect::Policy};
use serde_json::{Value, json};

const PREFIX: (&str, &str) = ("COUNTERSIGN_TOKEN_PREFIX", "acme_live");

fn masked(secret: &str) -> String {
    let masked = Secret::parse(secret).unwrap().masked();
    masked.as_str().to_owned()
}

/// The secret is good at each endpoint of that service that takes one.
async fn works_everywhere(node: &Node, base: &str, secret: &str) {
    let http = Client::builder().no_proxy().redirect(Policy::none());
    let http = http.build().unwrap();
    let url = |path: &str| format!("{base}{path}");
    let own = http
        .get(url(&format!("{TOKENS}/current")))
        .bearer_auth(secret);
    let own = answered(own.send().await.unwrap(), 200).await;
    assert_eq!(own["partialToken"], masked(secret));

    let let_through = http
        .get(url("/auth?permission=api.tasks.read"))
        .bearer_auth(secret);
    assert_eq!(let_through.send().await.unwrap().status(), 200);

    let question = json!({"token": secret, "permissions": ["api.tasks.read"]});
    for (path, body) in [
        ("/verify", question.clone()),
        ("/verify/batch", json!([question])),
    ] {
        let asked = http
            .post(url(&format!("{TOKENS}{path}")))
            .bearer_auth(&node.root);
        let told = answered(asked.json(&body).send().await.unwrap(), 200).await;
        let verdict = if told.is_array() { &told[0] } else { &told };
        assert_eq!(verdict["active"], true, "{told}");
        assert_eq!(verdict["token"]["partialToken"], masked(secret));
    }

    // As the client of OAuth, and as the token that it asks about.
    let asked = http
        .post(url("/oauth2/introspect"))
        .basic_auth("any", Some(secret));
    let asked = asked.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let told = answered(
        asked.body(format!("token={secret}")).send().await.unwrap(),
        200,
    )
    .await;
    assert_eq!(told["active"], true);

    let page = http.get(url("/console/sign-in")).send().await.unwrap();
    let cookie = page.headers()[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    let page = page.text().await.unwrap();
    let form = page.split("name=\"form\" value=\"").nth(1).unwrap();
    let form = form.split('"').next().unwrap();
    let signed = http
        .post(url("/console/sign-in"))
        .header(header::COOKIE, cookie.split(';').next().unwrap())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("token={secret}&form={form}"))
        .send();
    assert_eq!(signed.await.unwrap().status(), 303);
}

async fn create(node: &Node, name: &str) -> (String, String) {
    let draft = json!({
        "name": name,
        "expiry": in_a_year(),
        "permissions": ["api.api-tokens.read", "api.tasks.read"],
    });
    let made = node.request(Method::POST, TOKENS).json(&draft).send().await;
    let made = answered(made.unwrap(), 201).await;
    let member = |name: &str| made[name].as_str().unwrap().to_owned();
    (member("id"), member("token"))
}

fn begins_with(secret: &str, prefix: &str) {
    assert!(Secret::parse(secret).is_ok());
    let random = secret
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'));
    assert_eq!(
        random.map(str::len),
        Some(49),
        "another prefix than {prefix}"
    );
}

#[tokio::test]
async fn secrets_of_two_prefixes_work_at_every_endpoint_of_both_nodes() {
    let acme = Node::start_with(On::Postgres, &[PREFIX]);
    begins_with(&acme.root, "acme_live");
    let plain = Server::start(Launch::new(BINARY, acme.database_url.clone())).unwrap();
    // The second node makes secrets with the default prefix.
    let made = common::countersign(plain.folder(), &acme.database_url, &["root-token"]);
    let usual = text(&made.stdout).trim().to_owned();
    begins_with(&usual, "csg");

    let (id, secret) = create(&acme, "Acme's").await;
    begins_with(&secret, "acme_live");
    let bases = [acme.server.url(), plain.url()];
    for base in &bases {
        works_everywhere(&acme, base, &secret).await;
        works_everywhere(&acme, base, &usual).await;
    }

    // A token changes its prefix when it is rotated; the last four characters name either secret.
    let http = Client::builder().no_proxy().build().unwrap();
    let at = |rest: &str| format!("{}{TOKENS}/{id}{rest}", plain.url());
    let rotated = http.post(at("/rotate")).bearer_auth(&acme.root);
    let rotated = rotated
        .json(&json!({"version": 1, "overlapSeconds": 3600}))
        .send();
    let rotated = answered(rotated.await.unwrap(), 200).await;
    begins_with(rotated["token"].as_str().unwrap(), "csg");
    let last = &secret[secret.len() - 4..];
    let retired = http
        .post(at(&format!("/secrets/{last}/retire")))
        .bearer_auth(&acme.root);
    assert_eq!(retired.send().await.unwrap().status(), 204);
    let own = http.get(at("")).bearer_auth(&secret);
    assert_eq!(own.send().await.unwrap().status(), 401);

    for log in [acme.server.log().unwrap(), plain.log().unwrap()] {
        for secret in [&acme.root, &usual, &secret] {
            assert!(!log.contains(&secret[secret.len() - 49..]));
        }
    }
}

#[tokio::test]
async fn a_chosen_secret_has_the_prefix_and_its_record_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bare(folder.path());
    let made = command
        .env(PREFIX.0, PREFIX.1)
        .arg("generate-token")
        .output();
    let made: Value = serde_json::from_slice(&made.unwrap().stdout).unwrap();
    let secret = made["token"].as_str().unwrap();
    begins_with(secret, "acme_live");
    let mut launch = Launch::new(BINARY, On::Sqlite.database());
    let digest = made["digest"].as_str().unwrap();
    launch.environment = [PREFIX, ("COUNTERSIGN_BOOTSTRAP_TOKEN_DIGEST", digest)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let server = Server::start(launch).unwrap();
    let http = Client::builder().no_proxy().build().unwrap();
    let own = http
        .get(format!("{}{TOKENS}/current", server.url()))
        .bearer_auth(secret);
    let own = answered(own.send().await.unwrap(), 200).await;
    assert_eq!(own["partialToken"], "acme_live_…????");
}

#[tokio::test]
async fn the_format_is_public_and_lists_the_prefixes_in_use() {
    let earlier = ("COUNTERSIGN_TOKEN_PREFIXES_EARLIER", "acme, csg,acme_live");
    for (settings, prefixes) in [
        (&[][..], &["csg"][..]),
        (&[PREFIX], &["acme_live", "csg"]),
        (&[PREFIX, earlier], &["acme_live", "acme", "csg"]),
    ] {
        let node = Node::start_with(On::Sqlite, settings);
        let url = format!("{}/.well-known/countersign-token-format", node.server.url());
        let told = answered(reqwest::get(url).await.unwrap(), 200).await;
        let pattern = format!(r"\b(?:{})_[0-9A-Za-z]{{49}}\b", prefixes.join("|"));
        assert_eq!(told, json!({"prefixes": prefixes, "pattern": pattern}));
    }
}

fn token_format(folder: &Path, scanner: &str) -> Output {
    let arguments = ["token-format", "--for", scanner];
    bare(folder)
        .env(PREFIX.0, PREFIX.1)
        .args(arguments)
        .output()
        .unwrap()
}

/// A file of texts that hold a secret, and one of texts that look alike.
fn leaked(folder: &Path) -> (Vec<String>, Vec<String>) {
    let prefixes = ["acme_live", "csg"].map(|text| text.parse::<TokenPrefix>().unwrap());
    let secret = |n: u8| {
        let random = std::array::from_fn(|i| n.wrapping_mul(31) ^ u8::try_from(i).unwrap());
        Secret::with_prefix(&prefixes[usize::from(n % 2)], &random)
            .expose()
            .to_owned()
    };
    let leaks: Vec<String> = (0..20).map(secret).collect();
    let around = |(n, secret): (usize, &String)| match n % 4 {
        0 => format!("TOKEN='{secret}'"),
        1 => format!("{{\"token\":\"{secret}\"}}"),
        2 => format!("Authorization: Bearer {secret}"),
        _ => secret.clone(),
    };
    let lines: Vec<String> = leaks.iter().enumerate().map(around).collect();
    fs::write(folder.join("leaks.txt"), lines.join("\n") + "\n").unwrap();
    let other = leaks[0].replacen("acme_live", "acme_test", 1);
    let alike = vec![
        leaks[1].replacen('_', "-", 1),
        leaks[2][..leaks[2].len() - 1].to_owned(),
        format!("{}0", leaks[3]),
        other,
        "acme_live_…x4Zt".to_owned(),
    ];
    fs::write(folder.join("alike.txt"), alike.join("\n") + "\n").unwrap();
    (leaks, alike)
}

#[test]
fn python_finds_by_the_expression_what_was_leaked_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (leaks, _) = leaked(folder.path());
    let printed = token_format(folder.path(), "regex");
    let pattern = text(&printed.stdout).trim();
    let script = "import re, sys\n\
        for name in sys.argv[2:]:\n\
        \tprint(*re.findall(sys.argv[1], open(name).read()), sep='\\n')";
    let found = python()
        .unwrap()
        .args(["-c", script, pattern, "leaks.txt", "alike.txt"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let found: Vec<&str> = text(&found.stdout).split_whitespace().collect();
    assert_eq!(found, leaks);
}

#[test]
fn the_files_for_scanners_hold_the_expression_and_its_keywords() {
    let folder = tempfile::tempdir().unwrap();
    let printed = token_format(folder.path(), "regex");
    let pattern = text(&printed.stdout).trim().to_owned();
    for (scanner, words) in [
        (
            "gitleaks",
            [
                "id = \"countersign-api-token\"",
                "[\"acme_live_\", \"csg_\"]",
            ],
        ),
        (
            "trufflehog",
            [
                "- name: countersign-api-token",
                "- acme_live_\n      - csg_\n",
            ],
        ),
    ] {
        let printed = token_format(folder.path(), scanner);
        let rules = text(&printed.stdout);
        assert!(rules.contains(&format!("'{pattern}'")), "{rules}");
        assert!(words.iter().all(|word| rules.contains(word)), "{rules}");
    }
    assert_eq!(token_format(folder.path(), "grep").status.code(), Some(2));
}
