//! `cargo xtask screenshots` itself: a separate program, because it is built with the code that
//! drives a browser.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use countersign_xtask::browser::{Browser, Chromium, Demo, Scheme, tour};
use countersign_xtask::server::{Launch, Server};

/// Pages that represent the others.
const PAINTED: [&str; 11] = [
    "sign-in",
    "tokens",
    "new",
    "new-refused",
    "secret",
    "token",
    "edit",
    "review",
    "three-way",
    "rotate",
    "revoke",
];
/// Name, width, colour scheme.
const LOOKS: [(&str, u32, Scheme); 3] = [
    ("light", 1280, Scheme::Light),
    ("dark", 1280, Scheme::Dark),
    ("narrow", 360, Scheme::Light),
];
/// The maximum height; longer pages are cut.
const TALLEST: u64 = 900;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Err(error) = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(paint()))
    else {
        return ExitCode::SUCCESS;
    };
    // If nobody reads standard error, there is nobody to inform.
    let _ = writeln!(std::io::stderr(), "screenshots: {error:#}");
    ExitCode::FAILURE
}

/// Takes screenshots of the pages: the first argument is the service's program, the second the
/// target folder.
async fn paint() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let binary = arguments
        .next()
        .context("which program serves the pages?")?;
    let folder = arguments.next().context("where do the pictures go?")?;
    let server = Server::start(Launch::new(binary, "sqlite:countersign.db"))?;
    let demo = Demo::make(&server.url(), &server.root_token()?).await?;
    let chromium = Chromium::start()?;
    let browser = chromium.open(&server.url()).await?;
    browser.size(1280, 800).await?;
    browser.hide_scrollbars().await?;
    fs::create_dir_all(&folder)?;
    tour(&browser, &demo, async |page| {
        picture(&browser, &folder, page).await
    })
    .await?;
    browser.leave().await
}

async fn picture(browser: &Browser, folder: &Path, page: &str) -> Result<()> {
    if !PAINTED.contains(&page) {
        return Ok(());
    }
    for (look, width, scheme) in LOOKS {
        browser.scheme(scheme).await?;
        browser.size(width, 800).await?;
        let height = browser
            .ask("return document.scrollingElement.scrollHeight")
            .await?;
        let height = height
            .as_u64()
            .context("the page has no height")?
            .clamp(500, TALLEST);
        browser.size(width, u32::try_from(height)?).await?;
        let file = folder.join(format!("{page}-{look}.png"));
        browser.screenshot(&file).await?;
    }
    browser.scheme(Scheme::Light).await?;
    browser.size(1280, 800).await
}
