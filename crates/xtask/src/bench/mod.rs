//! `cargo xtask bench`: measures the service beside what bounds it, and writes the page that says how it fared.
//!
//! A number from another machine or another day compares with nothing. So the service and its reference take turns
//! in one run on one machine, and what counts is how much of the reference the service reaches.

mod client;
mod lean;
pub mod load;
mod machine;
mod options;
mod page;
mod parts;
mod pgbench;
mod plots;
mod reference;
pub mod results;
mod seed;
mod setup;
mod targets;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

pub use self::options::Options;
use self::options::Part;
use self::results::Results;
use self::setup::BenchSetup;

/// Measures as the options say, and writes the page.
///
/// # Errors
/// When a part fails; the page then says so, and has the other parts.
pub fn run(options: Options) -> Result<()> {
    let docs = options.out.clone().unwrap_or_else(|| top().join("docs"));
    let file = docs.join("benchmarks/results.json");
    if options.render {
        return render(&Results::read(&file)?, &docs);
    }
    let mut results = if options.keep {
        Results::read(&file)?
    } else {
        Results::default()
    };
    results.machine = machine::facts()?;
    results.settings = options.told();
    let wanted = options.parts();
    let mut setup = BenchSetup::set(options)?;
    let mut failed = Vec::new();
    for part in wanted {
        say(&format!("==> {part}"));
        results.drop_part(part.name());
        let outcome = match part {
            Part::Check => parts::check::measure(&mut setup, &mut results),
            Part::Update => parts::update::measure(&mut setup, &mut results),
            Part::Growth => parts::growth::measure(&mut setup, &mut results),
            Part::Memory => parts::memory::measure(&mut setup, &mut results),
            Part::Start => parts::start::measure(&mut setup, &mut results),
            Part::Rules => parts::rules::measure(&setup, &mut results),
            Part::Console => parts::console::measure(&mut setup, &mut results),
            Part::Outage => parts::outage::measure(&mut setup, &mut results),
        };
        results
            .parts
            .insert(part.name().to_owned(), machine::commit());
        if let Err(error) = outcome {
            say(&format!("<== {part}: FAILED: {error:#}"));
            results
                .missing
                .push((part.name().to_owned(), format!("{error:#}")));
            failed.push(part.name());
        }
        // After each part: a run that is ended early still leaves what it has.
        std::fs::create_dir_all(docs.join("benchmarks"))?;
        std::fs::write(&file, serde_json::to_string_pretty(&results)? + "\n")?;
        render(&results, &docs)?;
    }
    say(&format!(
        "written: {}",
        docs.join("benchmarks.md").display()
    ));
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// Writes the page and its pictures.
///
/// # Errors
/// When a file cannot be written.
pub fn render(results: &Results, docs: &Path) -> Result<()> {
    let pictures = docs.join("benchmarks");
    std::fs::create_dir_all(&pictures)?;
    let drawn = plots::draw(results, &pictures)?;
    let notes = std::fs::read_to_string(pictures.join("notes.md")).unwrap_or_default();
    let page = page::page(results, &drawn, &notes);
    std::fs::write(docs.join("benchmarks.md"), page).context("cannot write the page")
}

/// The top of the repository.
fn top() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors()
        .nth(2)
        .map(Path::to_owned)
        .unwrap_or_default()
}

fn say(words: &str) {
    // Where nobody reads there is nobody to tell that.
    let _ = writeln!(std::io::stderr(), "{words}");
}
