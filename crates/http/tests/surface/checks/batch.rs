//! Many questions in one request, at the path for batches and in the older form.

use serde_json::json;

use super::Doors;
use crate::world::TOKENS;

#[tokio::test]
async fn both_forms_of_a_batch_are_answered_alike() {
    let doors = Doors::new().await;
    let made = doors.made("one", &["api.tasks.read"], &[]).await;
    let questions = json!([
        {"token": "csg_"},
        {"token": made.secret.expose(), "permissions": ["api.tasks.read"]},
        {"token": made.secret.expose(), "permissions": ["api.tasks.write"]},
    ]);
    let mut bodies = Vec::new();
    for path in ["verify/batch", "verify"] {
        let ask = doors.world.ask("POST", format!("{TOKENS}/{path}"));
        let told = doors.send(ask.json(&questions)).await.expect(200);
        let codes: Vec<_> = (0..3).map(|index| told[index]["code"].clone()).collect();
        assert_eq!(
            codes,
            ["invalid-token", "ok", "insufficient-scope"],
            "{path}"
        );
        bodies.push(told);
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn a_batch_is_an_array_of_at_most_a_hundred() {
    let doors = Doors::new().await;
    let question = json!({"token": "csg_"});
    for (body, pointer, code) in [
        (question.clone(), "", "wrong-type"),
        (json!(vec![question.clone(); 101]), "", "too-many-values"),
        (json!([question, {}]), "/1/token", "missing-field"),
    ] {
        let ask = doors.world.ask("POST", format!("{TOKENS}/verify/batch"));
        let reply = doors.send(ask.json(&body)).await;
        reply.problem(400, "invalid-body");
        assert_eq!(reply.faults(), crate::world::pairs(&[(pointer, code)]));
    }
    let ask = doors.world.ask("POST", format!("{TOKENS}/verify/batch"));
    let told = doors.send(ask.json(&json!([]))).await.expect(200);
    assert_eq!(told, json!([]));
}
