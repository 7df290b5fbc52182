//! Names that cannot be shown, cannot be told apart, or try to be something else than a name.

use serde_json::{Value, json};

use crate::harness::{ABSENT, OWN, Reply, Service, TOKENS, row};

const INVALID: &str = "422 rule-violated: /name invalid-name";

#[tokio::test]
async fn a_name_is_a_text_that_shows() {
    let service = Service::start().await;
    let wrong_type = "400 invalid-body: /name wrong-type";
    let cases = [
        (45, json!(ABSENT), "400 invalid-body: /name missing-field"),
        (45, json!(null), wrong_type),
        (45, json!(3), wrong_type),
        (45, json!(""), INVALID),
        (45, json!("  \t\u{3000} "), INVALID),
        (OWN, json!(["a"]), wrong_type),
        (OWN, json!({"toString": "a"}), wrong_type),
        (OWN, json!(false), wrong_type),
        (48, json!("a\0b"), INVALID),
        (48, json!("a\u{1b}[31mb"), INVALID),
        (48, json!("a\r\nX-Admin: 1"), INVALID),
        (48, json!("a\u{7f}b"), INVALID),
        (48, json!("a\u{85}b"), INVALID),
        (48, json!("a\u{9b}b"), INVALID),
        (OWN, json!("a\u{202e}b"), INVALID),
        (OWN, json!("a\u{2066}b"), INVALID),
        (OWN, json!("a\u{200b}b"), INVALID),
        (OWN, json!("a\u{feff}b"), INVALID),
        (OWN, json!("a\u{2028}b"), INVALID),
        (OWN, json!("a\u{e0041}b"), INVALID),
        (OWN, json!("\u{3164}"), INVALID),
        (OWN, json!("\u{fe0f}"), INVALID),
        (OWN, json!("x".repeat(60_000)), INVALID),
    ];
    let mut rows = Vec::new();
    for (line, name, want) in cases {
        let what: String = name.to_string().chars().take(40).collect();
        let fields = json!({"name": name});
        rows.push(row(
            line,
            format!("change: {what}"),
            service.edit(fields.clone()).await,
            want,
        ));
        rows.push(row(
            line,
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
        (46, "x".repeat(128), None),
        (46, "x".repeat(129), Some(INVALID)),
        (46, family.repeat(128), Some(INVALID)),
        (OWN, "\u{1f600}".repeat(128), None),
        (OWN, "\u{1f600}".repeat(129), Some(INVALID)),
        // Composed it is half as long.
        (OWN, decomposed, None),
        (OWN, format!("  {} \t", "y".repeat(128)), None),
        // A single character that becomes 18 when it is folded.
        (OWN, "\u{fdfa}".repeat(128), None),
    ];
    let mut rows = Vec::new();
    for (line, name, want) in cases {
        let what: String = name.chars().take(8).collect();
        let ask = service.edit(json!({"name": name})).await;
        rows.push(match want {
            Some(want) => row(line, what, ask, want),
            None => row(line, what, ask, json!({"version": 2})),
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
            51,
            "the first",
            service.creation(json!({"name": "Caf\u{e9} One"})),
            "201",
        )])
        .await;
    let mut rows = Vec::new();
    for (line, name) in [
        (51, "Cafe\u{301} One"),
        (51, "CAF\u{c9} ONE"),
        (51, "caf\u{e9} one"),
        (
            51,
            "\u{ff23}\u{ff41}\u{ff46}\u{e9} \u{ff2f}\u{ff4e}\u{ff45}",
        ),
        (OWN, " Caf\u{e9} One "),
        (OWN, "Caf\u{e9}\u{a0}One"),
        (OWN, "Caf\u{e9} One\u{fe0f}"),
    ] {
        rows.push(row(
            line,
            name,
            service.creation(json!({"name": name})),
            taken,
        ));
        rows.push(row(
            line,
            name,
            service.edit(json!({"name": name})).await,
            taken,
        ));
        rows.push(row(
            line,
            name,
            service
                .edit(json!({"name": name}))
                .await
                .query("dryRun=true"),
            "200",
        ));
    }
    // A dry run asks the rules; whether a name is taken only the commit can tell.
    rows.push(row(
        OWN,
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
        (52, "<script>alert(1)</script>"),
        (52, "{{7*7}}"),
        (52, "'; DROP TABLE x;--"),
        (52, "%"),
        (52, "_"),
        (OWN, "\\"),
        (OWN, "\\%"),
        (OWN, "\"quoted\""),
        (OWN, "$(id)"),
        (OWN, "${jndi:ldap://x}"),
        (OWN, "null"),
        (OWN, "../../etc/passwd"),
        (OWN, "a*b?[c]"),
        (OWN, "=1+1"),
    ];
    let mut rows = Vec::new();
    for (line, name) in names {
        rows.push(row(
            line,
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
    for (_, needle) in names {
        let mut holding: Vec<_> = names
            .iter()
            .map(|(_, name)| *name)
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
