//! Comparisons with texts with NUL, converted to equivalent ones without.

use countersign_application::query::Compare;

/// A text without NUL is below one with NUL exactly if it is at most the part before the NUL.
pub(super) fn free(test: &Compare<String>) -> Compare<String> {
    let free = |text: &&String| !text.contains('\0');
    let kept = |texts: &[String]| texts.iter().filter(free).cloned().collect();
    let (Compare::Eq(value)
    | Compare::Ne(value)
    | Compare::Gt(value)
    | Compare::Gte(value)
    | Compare::Lt(value)
    | Compare::Lte(value)) = test
    else {
        return match test {
            Compare::In(texts) => Compare::In(kept(texts)),
            Compare::Nin(texts) => Compare::Nin(kept(texts)),
            other => other.clone(),
        };
    };
    let Some((head, _)) = value.split_once('\0') else {
        return test.clone();
    };
    match test {
        Compare::Gt(_) | Compare::Gte(_) => Compare::Gt(head.to_owned()),
        Compare::Lt(_) | Compare::Lte(_) => Compare::Lte(head.to_owned()),
        Compare::Ne(_) => Compare::Nin(Vec::new()),
        _ => Compare::In(Vec::new()),
    }
}
