//! Limits of the real service: what they slow down, by how much, and above all what they do not.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]
#![expect(
    clippy::print_stderr,
    reason = "what was measured belongs into the notes"
)]

mod common;

use std::time::{Duration, Instant};

use common::{Node, On, TOKENS, answered, in_a_year, text};
use futures_util::future::join_all;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

/// 60 changes at once, and then one in ten seconds.
const CHANGES: (&str, &str) = ("COUNTERSIGN_CHANGES_PER_MINUTE", "6");

async fn token(node: &Node, by: &str, name: &str, permissions: &[&str]) -> Response {
    let body = json!({"name": name, "expiry": in_a_year(), "permissions": permissions});
    let ask = node.request_as(by, Method::POST, TOKENS).json(&body);
    ask.send().await.unwrap()
}

fn seconds(took: Duration) -> u32 {
    u32::try_from(took.as_secs()).unwrap()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers()[name].to_str().unwrap()
}

async fn one_tokens_loop_slows_itself_alone(on: On) {
    let node = Node::start_with(on, &[CHANGES]);
    let writes = [
        "api.api-tokens.write",
        "api.api-tokens.delete",
        "api.api-tokens.read",
    ];
    let leaked = answered(token(&node, &node.root, "leaked", &writes).await, 201).await;
    let leaked = leaked["token"].as_str().unwrap();
    let flood = (0..200).map(|n| {
        let node = &node;
        async move { token(node, leaked, &format!("flood {n}"), &writes[2..]).await }
    });
    let (mut made, mut slowed) = (Vec::new(), 0);
    let begun = Instant::now();
    for answer in join_all(flood).await {
        if answer.status() == 201 {
            made.push(answered(answer, 201).await);
            continue;
        }
        slowed += 1;
        assert_eq!(header(&answer, "ratelimit-policy"), r#""changes";q=6;w=60"#);
        let wait = header(&answer, "retry-after").to_owned();
        assert!((1..=11).contains(&wait.parse::<u32>().unwrap()), "{wait}");
        let left = format!(r#""changes";r=0;t={wait}"#);
        assert_eq!(header(&answer, "ratelimit"), left);
        let problem = answered(answer, 429).await;
        assert_eq!(problem["type"], "/problems/too-many-requests");
    }
    let allowed = 60 + seconds(begun.elapsed()) / 10 + 1;
    eprintln!("{} of 200 changes stored, {slowed} refused", made.len());
    assert!(
        (60..=allowed).contains(&number(made.len())),
        "{}",
        made.len()
    );

    // It reads, is checked, and ends what it made.
    let read = node.request_as(leaked, Method::GET, TOKENS).send().await;
    assert_eq!(read.unwrap().status(), 200);
    for _ in 0..100 {
        let check = node.request_as(leaked, Method::GET, "/auth").send().await;
        assert_eq!(check.unwrap().status(), 200);
    }
    let id = made[0]["id"].as_str().unwrap();
    let path = format!("{TOKENS}/{id}");
    let ended = node.request_as(leaked, Method::DELETE, &path).send().await;
    assert_eq!(ended.unwrap().status(), 204);
    // Another token changes as ever.
    for n in 0..20 {
        let answer = token(&node, &node.root, &format!("honest {n}"), &writes).await;
        assert_eq!(answer.status(), 201);
    }
}

#[tokio::test]
async fn one_tokens_loop_slows_itself_alone_on_sqlite() {
    one_tokens_loop_slows_itself_alone(On::Sqlite).await;
}

#[tokio::test]
async fn one_tokens_loop_slows_itself_alone_on_postgres() {
    one_tokens_loop_slows_itself_alone(On::Postgres).await;
}

#[tokio::test]
async fn zero_turns_the_limit_of_changes_off() {
    let node = Node::start_with(On::Sqlite, &[("COUNTERSIGN_CHANGES_PER_MINUTE", "0")]);
    for n in 0..80 {
        let answer = token(
            &node,
            &node.root,
            &format!("token {n}"),
            &["api.tasks.read"],
        )
        .await;
        assert_eq!(answer.status(), 201);
    }
}

#[tokio::test]
async fn a_flood_of_nobodys_requests_leaves_little_log_and_holds_up_nobody() {
    const FLOOD: u32 = 3000;
    let node = Node::start_with(On::Sqlite, &[("COUNTERSIGN_REFUSALS_PER_MINUTE", "50")]);
    let client = Client::builder().no_proxy().build().unwrap();
    let before = node.server.log().unwrap().len();
    let begun = Instant::now();
    let mut limited = 0;
    for n in 0..FLOOD {
        let nobody = client
            .get(format!("{}/auth", node.server.url()))
            .send()
            .await;
        assert_eq!(
            nobody.unwrap().status(),
            401,
            "a check's verdict stays what it is"
        );
        let nobody = client
            .get(format!("{}{TOKENS}", node.server.url()))
            .send()
            .await;
        let nobody = nobody.unwrap();
        if nobody.status() == 429 {
            limited += 1;
            let policy = header(&nobody, "ratelimit-policy");
            assert_eq!(policy, r#""refusals";q=50;w=60"#);
        } else {
            assert_eq!(nobody.status(), 401);
        }
        if n % 100 == 0 {
            let good = node.request(Method::GET, TOKENS).send().await.unwrap();
            assert_eq!(good.status(), 200, "from the same address");
            let good = node.request(Method::GET, "/auth").send().await.unwrap();
            assert_eq!(good.status(), 200);
        }
    }
    let took = begun.elapsed();
    let log = node.server.log().unwrap();
    let (written, lines) = (
        number(log.len() - before),
        number(log[before..].lines().count()),
    );
    let per_line = written / lines;
    eprintln!(
        "{} requests in {took:.1?}: {written} bytes of log, {lines} lines of {per_line} bytes; \
         unbounded it would be {} bytes, {:.2} MB/s",
        2 * FLOOD,
        2 * FLOOD * per_line,
        2.0 * f64::from(FLOOD) * f64::from(per_line) / 1e6 / took.as_secs_f64(),
    );
    let allowance = 50 + seconds(took) + 1;
    assert!(
        (FLOOD - allowance..=FLOOD - 50).contains(&limited),
        "{limited}"
    );
    // Of two reasons a hundred lines at once and one a second, and those of whoever is admitted.
    let most = 2 * (100 + seconds(took) + 1) + 50 + 60;
    assert!(lines <= most, "{lines} lines in {took:?}");
    assert!(
        log[before..].contains(r#""suppressed":"#),
        "the next line says how many"
    );
    let page = node.request(Method::GET, "/metrics").send().await.unwrap();
    let page = page.text().await.unwrap();
    let count = |series: &str| {
        let line = page.lines().find(|line| line.starts_with(series)).unwrap();
        let (_, count) = line.rsplit_once(' ').unwrap();
        count.parse::<u32>().unwrap()
    };
    let refused = count(r#"countersign_verdicts_total{code="missing-credential"}"#);
    assert_eq!(refused, 2 * FLOOD, "each is counted");
    let suppressed = count("countersign_log_lines_suppressed_total");
    assert!(suppressed >= 2 * FLOOD - lines, "{suppressed}");
}

/// 64 tests with 55 values each, as many as a body has room for, each of which every token holds but for the last.
fn costliest(held: &[String]) -> Value {
    let shortest = held.iter().take(12).map(String::as_str);
    let values: Vec<_> = shortest.cycle().take(54).chain(["z.z"]).collect();
    let test = json!({"permissions": {"$ncontains": values}});
    json!({"$and": vec![test; 64]})
}

async fn one_tenants_questions_leave_others_theirs(on: On) {
    let node = Node::start(on);
    let made = node.command(&["tenant", "create", "Other"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let other = made["token"].as_str().unwrap();
    let own = node
        .request(Method::GET, &format!("{TOKENS}/current"))
        .send();
    let own = answered(own.await.unwrap(), 200).await;
    let mut held: Vec<String> = serde_json::from_value(own["permissions"].clone()).unwrap();
    let all: Vec<String> = held.clone();
    held.sort_by_key(String::len);
    for portion in 0..20 {
        let (node, all) = (&node, &all);
        let making = (0..20).map(|n| async move {
            let all: Vec<_> = all.iter().map(String::as_str).collect();
            token(node, &node.root, &format!("token {portion} {n}"), &all).await
        });
        for answer in join_all(making).await {
            assert_eq!(answer.status(), 201);
        }
    }
    let query = format!("{TOKENS}/query?size=100&sort=lastUsedDate,name");
    let (query, filter) = (&query, &costliest(&held));
    let attack = async |node: &Node, end: Instant| {
        let mut statuses = Vec::new();
        while Instant::now() < end {
            let ask = node.request(Method::POST, query).json(filter).send();
            statuses.push(ask.await.unwrap().status().as_u16());
        }
        statuses
    };
    let begun = Instant::now();
    let alone = attack(&node, begun + Duration::from_millis(1)).await;
    eprintln!(
        "one costly question alone: {alone:?} after {:.2?}",
        begun.elapsed()
    );
    assert!(
        begun.elapsed() > Duration::from_millis(100),
        "else this tests nothing"
    );
    let end = Instant::now() + Duration::from_secs(11);
    let attackers = join_all((0..4).map(|_| attack(&node, end)));
    let asking = async {
        let mut answers = Vec::new();
        for _ in 0..11 {
            let begun = Instant::now();
            let simple = node.request_as(other, Method::POST, &format!("{TOKENS}/query"));
            let answer = simple.json(&json!({})).send().await.unwrap();
            answers.push((answer.status().as_u16(), begun.elapsed()));
            tokio::time::sleep(Duration::from_millis(800)).await;
        }
        answers
    };
    let (attacked, answers) = tokio::join!(attackers, asking);
    let longest = answers.iter().map(|(_, took)| *took).max().unwrap();
    let attacked: Vec<u16> = attacked.into_iter().flatten().collect();
    let answered = attacked.iter().filter(|status| **status == 200).count();
    let asked = attacked.len();
    eprintln!("{answered} of {asked} costly ones answered; the simple ones took {longest:.2?}");
    let good = answers.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(good, 11, "{answers:?}");
}

#[tokio::test]
async fn one_tenants_questions_leave_others_theirs_on_sqlite() {
    one_tenants_questions_leave_others_theirs(On::Sqlite).await;
}

#[tokio::test]
async fn one_tenants_questions_leave_others_theirs_on_postgres() {
    one_tenants_questions_leave_others_theirs(On::Postgres).await;
}
