//! The quick and the careful parser must agree: two parsers of one body that differ are a way
//! around one of them.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// What a reader makes of a body.
fn told_of(question: &QuestionBody<'_>) -> (String, Vec<String>, Option<IpAddr>) {
    let QuestionBody {
        token,
        permissions,
        address,
    } = question;
    (token.to_string(), permissions.clone(), *address)
}

fn both_agree(body: &[u8]) {
    let fast = serde_json::from_slice::<QuestionBody<'_>>(body).ok();
    let text = String::from_utf8_lossy(body);
    match (one(body), careful(body)) {
        (Ok(read), Ok(careful)) => assert_eq!(told_of(&read), told_of(&careful), "{text}"),
        (Err(read), Err(careful)) => {
            assert_eq!(read.code(), careful.code(), "{text}");
            assert_eq!(read.faults(), careful.faults(), "{text}");
        }
        (read, careful) => panic!("{text}: {read:?} and {careful:?}"),
    }
    // What is right is not read twice.
    if let (Some(fast), Ok(careful)) = (fast, careful(body)) {
        assert_eq!(told_of(&fast), told_of(&careful), "{text}");
    }
}

fn value() -> impl Strategy<Value = String> {
    let texts = select(vec![
        r#""csg_x""#,
        r#""\u0063sg_é""#,
        r#""\ud83d\ude00""#,
        r#""\ud800""#,
        r#""""#,
        "null",
        "true",
        "1",
        "[]",
        "{}",
        r#"["api.tasks.read"]"#,
        r#"["api.tasks.read", 1]"#,
        r#"["x", "x"]"#,
        "[null]",
        r#""192.0.2.1""#,
        r#""::ffff:192.0.2.1""#,
        r#""192.0.2.01""#,
        r#""192.0.2.1/32""#,
        r#""fe80::1%eth0""#,
        r#""\u0031::""#,
        "\"\u{7}\"",
        "01",
        "1e999",
    ]);
    prop_oneof![8 => texts.prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn body() -> impl Strategy<Value = String> {
    let keys = select(vec![
        "token",
        "token",
        "token",
        "permissions",
        "address",
        "to\\u006ben",
        "Token",
        "x",
        "",
    ]);
    let entries = vec((keys, value()), 0..5);
    let object = entries.prop_map(|entries| {
        let entries = entries
            .iter()
            .map(|(key, value)| format!(r#""{key}": {value}"#));
        format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
    });
    let list = vec(value(), 0..4).prop_map(|items| format!("[{}]", items.join(",")));
    let inner = prop_oneof![6 => object, 1 => list, 1 => value()];
    let around = select(vec!["", "", "", " ", "\n", "\u{feff}", "\u{c}", ","]);
    (around.clone(), inner, around)
        .prop_map(|(before, inner, behind)| before.to_owned() + &inner + behind)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_body_is_read_alike_in_haste_and_with_care(body in body()) {
        both_agree(body.as_bytes());
    }

    #[test]
    fn bytes_are_read_alike_in_haste_and_with_care(body in vec(any::<u8>(), 0..40)) {
        both_agree(&body);
    }
}

#[test]
fn what_a_library_takes_for_an_object_is_none() {
    for body in [r#"["csg_x"]"#, r#"["csg_x", [], "192.0.2.1"]"#] {
        assert!(
            serde_json::from_str::<QuestionBody<'_>>(body).is_ok(),
            "else this tests nothing"
        );
        assert!(one(body.as_bytes()).is_err(), "{body}");
        let batch = format!("[{body}]");
        let problem = many(batch.as_bytes()).map(drop).unwrap_err();
        assert_eq!(problem.code(), Code::InvalidBody);
    }
}

#[test]
fn a_body_that_is_right_is_read_in_haste() {
    let body = r#"{"token": "csg_x", "permissions": ["api.tasks.read"], "address": "192.0.2.1"}"#;
    let question = one(body.as_bytes()).unwrap();
    assert!(
        matches!(question.token, Cow::Borrowed("csg_x")),
        "nothing was copied"
    );
    assert_eq!(question.address, Some([192, 0, 2, 1].into()));
}
