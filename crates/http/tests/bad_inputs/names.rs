//! Names that cannot be shown, cannot be distinguished, or pretend to be something else.

use serde_json::{Value, json};

use crate::harness::{ABSENT, Reply, Service, TOKENS, row};

const INVALID: &str = "422 rule-violated: /name invalid-name";

#[tokio::test]
async fn a_name_is_a_text_that_shows() {
    let service = Service::start().await;
    let wrong_type = "400 invalid-body: /name wrong-type";
    let cases = [
        (json!(ABSENT), "400 invalid-body: /name missing-field"),
        (json!(null), wrong_type),
        (json!(3), wrong_type),
        (json!(""), INVALID),
        (json!("  \t\u{3000} "), INVALID),
        (json!(["a"]), wrong_type),
        (json!({"toString": "a"}), wrong_type),
        (json!(false), wrong_type),
        (json!("a\0b"), INVALID),
        (json!("a\u{1b}[31mb"), INVALID),
        (json!("a\r\nX-Admin: 1"), INVALID),
        (json!("a\u{7f}b"), INVALID),
        (json!("a\u{85}b"), INVALID),
        (json!("a\u{9b}b"), INVALID),
        (json!("a\u{202e}b"), INVALID),
        (json!("a\u{2066}b"), INVALID),
        (json!("a\u{200b}b"), INVALID),
        (json!("a\u{feff}b"), INVALID),
        (json!("a\u{2028}b"), INVALID),
        (json!("a\u{e0041}b"), INVALID),
        (json!("\u{3164}"), INVALID),
        (json!("\u{fe0f}"), INVALID),
        (json!("x".repeat(60_000)), INVALID),
    ];
    let mut rows = Vec::new();
    for (name, want) in cases {
        let what: String = name.to_string().chars().take(40).collect();
        let fields = json!({"name": name});
        rows.push(row(
            format!("change: {what}"),
            service.edit(fields.clone()).await,
            want,
        ));
        rows.push(row(
            format!("making: {what}"),
            service.creation(fields),
            want,
        ));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn length_is_counted_in_characters() {
    let service = Service::start().await;
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";
    let decomposed = "e\u{301}".repeat(128);
    let cases = [
        ("x".repeat(128), None),
        ("x".repeat(129), Some(INVALID)),
        (family.repeat(128), Some(INVALID)),
        ("\u{1f600}".repeat(128), None),
        ("\u{1f600}".repeat(129), Some(INVALID)),
        // Composed it is half as long.
        (decomposed, None),
        (format!("  {} \t", "y".repeat(128)), None),
        // A single character that becomes 18 when it is folded.
        ("\u{fdfa}".repeat(128), None),
    ];
    let mut rows = Vec::new();
    for (name, want) in cases {
        let what: String = name.chars().take(8).collect();
        let ask = service.edit(json!({"name": name})).await;
        rows.push(match want {
            Some(want) => row(what, ask, want),
            None => row(what, ask, json!({"version": 2})),
        });
    }
    service.check(rows).await;
}

#[tokio::test]
async fn look_alikes_are_taken() {
    let service = Service::start().await;
    let taken = "409 name-taken: /name name-taken";
    service
        .check([row(
            "the first",
            service.creation(json!({"name": "Caf\u{e9} One"})),
            "201",
        )])
        .await;
    let mut rows = Vec::new();
    for name in [
        "Cafe\u{301} One",
        "CAF\u{c9} ONE",
        "caf\u{e9} one",
        "\u{ff23}\u{ff41}\u{ff46}\u{e9} \u{ff2f}\u{ff4e}\u{ff45}",
        " Caf\u{e9} One ",
        "Caf\u{e9}\u{a0}One",
        "Caf\u{e9} One\u{fe0f}",
    ] {
        rows.push(row(name, service.creation(json!({"name": name})), taken));
        rows.push(row(name, service.edit(json!({"name": name})).await, taken));
        rows.push(row(
            name,
            service
                .edit(json!({"name": name}))
                .await
                .query("dryRun=true"),
            taken,
        ));
    }
    rows.push(row(
        "another word",
        service.creation(json!({"name": "Cafe One"})),
        "201",
    ));
    service.check(rows).await;
}

#[tokio::test]
async fn what_looks_like_code_is_a_name() {
    let service = Service::start().await;
    let names = [
        "<script>alert(1)</script>",
        "{{7*7}}",
        "'; DROP TABLE x;--",
        "%",
        "_",
        "\\",
        "\\%",
        "\"quoted\"",
        "$(id)",
        "${jndi:ldap://x}",
        "null",
        "../../etc/passwd",
        "a*b?[c]",
        "=1+1",
    ];
    let mut rows = Vec::new();
    for name in names {
        rows.push(row(
            name,
            service.edit(json!({"name": name})).await,
            json!({"name": name}),
        ));
    }
    service.check(rows).await;
    let found = async |filter: Value| {
        let ask = service
            .ask("POST", format!("{TOKENS}/query?size=100"))
            .json(&filter);
        let (reply, flaws): (Reply, _) = service.watch(&ask).await;
        assert_eq!(flaws, [""; 0], "{filter}");
        let content = reply.json()["content"].as_array().unwrap().clone();
        let mut names: Vec<_> = content
            .iter()
            .map(|record| record["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort_unstable();
        names
    };
    for needle in names {
        let mut holding: Vec<_> = names
            .iter()
            .copied()
            .filter(|name| name.contains(needle))
            .collect();
        holding.sort_unstable();
        assert_eq!(
            found(json!({"name": {"$isubstr": needle}})).await,
            holding,
            "{needle}"
        );
        let begun: Vec<_> = holding
            .into_iter()
            .filter(|name| name.starts_with(needle))
            .collect();
        assert_eq!(
            found(json!({"name": {"$iprefix": needle}})).await,
            begun,
            "{needle}"
        );
        assert_eq!(found(json!({"name": needle})).await, [needle]);
    }
    for needle in ["\0", "%%", "(a+)+$", &"%_".repeat(30_000)] {
        assert_eq!(found(json!({"name": {"$isubstr": needle}})).await, [""; 0]);
    }
}
