//! Tests of the text of heads: it reads back, has one digest, and shows if it was changed.

use super::*;
use crate::samples;

fn head(n: u8) -> Head {
    Head {
        tenant: samples::tenant_id(),
        token: samples::token_id(n),
        version: Version::try_from(i64::from(n)).unwrap(),
        hash: ChainHash::from_bytes([n; 32]),
    }
}

fn text(heads: &[Head]) -> (String, String) {
    let mut writer = HeadsWriter::new(Vec::new()).unwrap();
    for head in heads {
        writer.push(head).unwrap();
    }
    let (bytes, digest) = writer.finish().unwrap();
    (String::from_utf8(bytes).unwrap(), digest)
}

fn read(text: &str) -> io::Result<Vec<Head>> {
    let mut reader = HeadsReader::new(text.as_bytes())?;
    let mut heads = Vec::new();
    while let Some(head) = reader.read()? {
        heads.push(head);
    }
    Ok(heads)
}

#[test]
fn what_is_written_reads_back_and_is_what_the_digest_is_of() {
    for heads in [&[][..], &[head(1)], &[head(1), head(2), head(9)]] {
        let (text, digest) = text(heads);
        assert_eq!(read(&text).unwrap(), heads);
        let sum = ChainHash::from_bytes(Sha256::digest(&text).into());
        assert_eq!(digest, sum.to_string());
    }
}

/// Stored files depend on this form.
#[test]
fn the_form_never_changes() {
    let (text, digest) = text(&[head(1)]);
    let lines: Vec<_> = text.lines().collect();
    let ones = "01".repeat(32);
    let (tenant, token) = head(1).key();
    assert_eq!(lines[0], "countersign heads 1");
    assert_eq!(lines[1], format!("{tenant} {token} 1 {ones}"));
    assert_eq!(lines[2..], ["tokens 1"]);
    assert_eq!(digest.len(), 64);
}

#[test]
fn a_text_that_was_touched_is_refused() {
    let (whole, _) = text(&[head(1), head(2), head(3)]);
    let lines: Vec<_> = whole.lines().collect();
    let join = |lines: &[&str]| lines.join("\n") + "\n";
    let upper = lines[1].to_uppercase();
    for (why, touched) in [
        ("empty", String::new()),
        ("without its beginning", join(&lines[1..])),
        ("of another form", whole.replace("heads 1", "heads 2")),
        ("cut at a line", join(&lines[..3])),
        ("cut in a line", whole[..whole.len() - 30].to_owned()),
        (
            "without a line",
            join(&[lines[0], lines[1], lines[3], lines[4]]),
        ),
        (
            "reordered",
            join(&[lines[0], lines[2], lines[1], lines[3], lines[4]]),
        ),
        (
            "with a line twice",
            join(&[lines[0], lines[1], lines[1], lines[4]]),
        ),
        ("continued", format!("{whole}{whole}")),
        (
            "continued behind an empty line",
            format!("{whole}\n{whole}"),
        ),
        (
            "spelt otherwise",
            join(&[lines[0], &upper, lines[2], lines[3], lines[4]]),
        ),
        (
            "with a long line",
            format!("{}\n{}", lines[0], "0".repeat(100_000)),
        ),
    ] {
        let outcome = read(&touched).map_err(|error| error.kind());
        assert_eq!(outcome, Err(io::ErrorKind::InvalidData), "{why}");
    }
}
