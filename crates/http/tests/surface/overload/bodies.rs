//! Requests that wait for their bodies: those of callers who are not admitted give way to others.

use super::*;

const HEAD: &str =
    "POST /form HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n";

#[tokio::test]
async fn a_form_that_does_not_come_keeps_nobody_out() {
    let running = start(2, 2).await;
    let mut working = running.working(1).await;
    for client in 2..8 {
        let mut form = running.open(client).await;
        assert_eq!(form.ask(HEAD).await, 100);
        // A busy machine may need longer to close it than a request waits for a place.
        let admitted = async { while running.open(9).await.ask(CURRENT).await == 503 {} };
        timeout(LONG, admitted).await.expect("a place becomes free");
        assert!(form.is_closed().await);
    }
    let answer = working.ask(&running.body(1)).await;
    assert_eq!(answer, 201, "an admitted caller's request stays");
}

#[tokio::test]
async fn a_form_that_comes_in_parts_is_answered_and_its_connection_is_idle_then() {
    let running = start(1, 1).await;
    let mut form = running.open(1).await;
    for _ in 0..2 {
        assert_eq!(form.ask(HEAD).await, 100);
        form.0.write_all(b"ab").await.unwrap();
        sleep(Duration::from_millis(5)).await;
        assert_eq!(form.ask("cd").await, 200);
    }
    assert_eq!(running.used(2).await.ask(CURRENT).await, 401);
    assert!(form.is_closed().await);
}
