//! Captures the whole log during the tests, at the finest level: a secret in it is a leak.

use std::{
    io,
    sync::{
        Mutex, Once,
        atomic::{AtomicUsize, Ordering},
    },
};

use tracing_subscriber::filter::LevelFilter;

static LINES: AtomicUsize = AtomicUsize::new(0);
static LEAKS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Ear;

impl io::Write for Ear {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LINES.fetch_add(1, Ordering::Relaxed);
        let text = String::from_utf8_lossy(line);
        if holds_secret(&text) {
            LEAKS.lock().unwrap().push(text.into_owned());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to listen; once is enough.
pub(super) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(|| Ear)
            .init();
    });
}

/// What was heard of secrets since the last time that somebody asked: a leak is told once.
pub(super) fn heard() -> Vec<String> {
    assert!(LINES.load(Ordering::Relaxed) > 0, "nothing is heard at all");
    std::mem::take(&mut *LEAKS.lock().unwrap())
}

/// Whether a text holds the usual prefix of secrets with more behind it than may be shown, or a
/// secret of any other prefix.
pub(super) fn holds_secret(text: &str) -> bool {
    let usual = text.split("csg_").skip(1).any(|rest| {
        let shown = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        shown > 8
    });
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    usual
        || words
            .into_iter()
            .any(|word| countersign_domain::Secret::parse(word).is_ok())
}

#[test]
fn a_secret_is_told_from_what_may_be_shown() {
    let secret = countersign_domain::Secret::from_random(&[1; 32]);
    assert!(holds_secret(&format!("token={}", secret.expose())));
    assert!(!holds_secret(secret.masked().as_str()));
    let prefix = "acme_live".parse().unwrap();
    let secret = countersign_domain::Secret::with_prefix(&prefix, &[1; 32]);
    assert!(holds_secret(&format!("token={}", secret.expose())));
    assert!(!holds_secret(secret.masked().as_str()));
}
