//! The pages that `type` points to: the meaning of a code and what to do about it, for people who
//! read a log.

use pulldown_cmark::{Parser, html};

use super::Code;

/// The page of a code; `None` if there is no such code.
pub(crate) fn page(slug: &str) -> Option<String> {
    let code = Code::ALL.iter().find(|code| code.slug() == slug)?;
    let mut text = String::new();
    html::push_html(&mut text, Parser::new(code.page()));
    let status = code.status();
    Some(frame(
        code.title(),
        &format!(
            "{text}<p>Status: {status}. Code: <code>{slug}</code>.</p><p><a href=\"/problems\">All problems</a></p>"
        ),
    ))
}

/// The page that lists all codes.
pub(crate) fn index_page() -> String {
    let rows: Vec<_> = Code::ALL
        .iter()
        .map(|code| {
            let (slug, status, title) = (code.slug(), code.status().as_u16(), code.title());
            format!(
                "<li>{status} <a href=\"/problems/{slug}\"><code>{slug}</code></a>: {title}</li>"
            )
        })
        .collect();
    let rows = rows.concat();
    frame("Problems", &format!("<h1>Problems</h1><ul>{rows}</ul>"))
}

fn frame(title: &str, content: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head><body>{content}</body></html>"
    )
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    #[test]
    fn every_code_has_its_page_and_every_page_its_code() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/problems");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let codes: BTreeSet<String> = Code::ALL
            .iter()
            .map(|code| format!("{}.md", code.slug()))
            .collect();
        assert_eq!(files, codes);
    }

    #[test]
    fn every_page_names_its_problem_and_what_to_do() {
        for code in Code::ALL {
            let text = code.page();
            assert!(
                text.starts_with(&format!("# {}\n", code.title())),
                "{code:?}"
            );
            assert!(text.contains("\n## What to do\n"), "{code:?}");
            assert!((5..=14).contains(&text.lines().count()), "{code:?}");
            assert!(page(code.slug()).unwrap().contains("<h2>What to do</h2>"));
        }
        assert_eq!(page("nothing"), None);
    }

    #[test]
    fn no_two_codes_are_the_same() {
        let slugs: BTreeSet<_> = Code::ALL.iter().map(|code| code.slug()).collect();
        assert_eq!(slugs.len(), Code::ALL.len());
        assert!(index_page().contains("/problems/self-widening"));
    }
}
