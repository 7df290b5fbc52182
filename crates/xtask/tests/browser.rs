//! The browser that pages are judged in shows what we ask it to show, and is gone afterwards.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

use std::fs;
use std::time::{Duration, Instant};

use countersign_xtask::browser::{Chromium, Scheme};

const PAGE: &str = "data:text/html,<html lang='en'><title>A</title><main><h1>A</h1>";

#[tokio::test]
async fn it_shows_what_is_asked_for_and_leaves_nothing() {
    let chromium = Chromium::start().unwrap();
    let browser = chromium.open("").await.unwrap();

    for scheme in Scheme::BOTH {
        browser.size(360, 700).await.unwrap();
        browser.scheme(scheme).await.unwrap();
        browser.goto(PAGE).await.unwrap();
        let ask = "return [innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]";
        let seen = browser.ask(ask).await.unwrap();
        assert_eq!(seen[0], 360);
        assert_eq!(seen[1], scheme == Scheme::Dark);
    }

    let fair = browser.axe().await.unwrap();
    assert!(fair.is_empty(), "{fair}");
    browser
        .goto(format!("{PAGE}<img src='data:,'>"))
        .await
        .unwrap();
    let unfair = browser.axe().await.unwrap().to_string();
    assert!(unfair.contains("image-alt"), "{unfair}");

    let script = format!("{PAGE}<script>document.title = 'B'; throw Error(1)</script>");
    browser.scripts(false).await.unwrap();
    browser.goto(&script).await.unwrap();
    assert_eq!(browser.title().await.unwrap(), "A");
    assert!(browser.complaints().await.unwrap().is_empty());
    browser.scripts(true).await.unwrap();
    browser.goto(&script).await.unwrap();
    assert_eq!(browser.title().await.unwrap(), "B");
    let said = browser.complaints().await.unwrap();
    assert!(
        said.iter().any(|line| line.contains("Uncaught")),
        "{said:?}"
    );

    let strict = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">";
    browser
        .goto(format!("{PAGE}{strict}<b style='color: red'>"))
        .await
        .unwrap();
    let said = browser.complaints().await.unwrap();
    assert!(
        said.iter()
            .any(|line| line.contains("Content Security Policy")),
        "{said:?}"
    );

    // Not left, and yet nothing of it stays.
    let folder = chromium.folder().to_owned();
    let mentions = || running(&folder.display().to_string());
    assert!(mentions() > 1);
    drop(chromium);
    assert!(!folder.exists());
    // Those that paint hear of the end of those that browse a moment later.
    let end = Instant::now() + Duration::from_secs(10);
    while mentions() > 0 {
        assert!(Instant::now() < end, "something of Chromium still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How many processes have this among their arguments.
fn running(word: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines
        .filter(|line| String::from_utf8_lossy(line).contains(word))
        .count()
}
