//! Tests of query parameters: what is parsed, and that all faults are reported at once.

use super::*;
use crate::problem::Code;

fn order(query: &str) -> Result<Vec<(OrderField, bool)>, Problem> {
    let mut params = Params::of(Some(query));
    let order = params.order();
    params.finish()?;
    Ok(order
        .iter()
        .map(|key| (key.field, key.descending))
        .collect())
}

#[test]
fn orders() {
    use OrderField::{Expiry, LastUsedDate, Name};
    let name = (Name, false);
    let late = (Expiry, true);
    for (query, expected) in [
        ("", vec![]),
        ("sort=name", vec![name]),
        ("sort=name,asc", vec![name]),
        ("sort=expiry,desc,name", vec![late, name]),
        ("sort=name,expiry,desc", vec![name, late]),
        ("sort=expiry,desc&sort=name,asc", vec![late, name]),
        ("sort=expiry%2Cdesc&sort=expiry", vec![late]),
        ("sort=lastUsedDate", vec![(LastUsedDate, false)]),
    ] {
        assert_eq!(order(query).unwrap(), expected, "{query}");
    }
    for query in [
        "sort=",
        "sort=asc",
        "sort=name,up",
        "sort=name,,asc",
        "sort=name;drop",
        "sort=secret",
        "sort=name,asc,desc",
        "sort=Name",
        "sort=name,",
        "order=name",
    ] {
        assert!(order(query).is_err(), "{query}");
    }
}

#[test]
fn numbers_are_plain_and_within_bounds() {
    for (query, expected) in [("size=1", Some(1)), ("size=100", Some(100)), ("", None)] {
        let mut params = Params::of(Some(query));
        assert_eq!(params.number::<u8>("size", (1, 100)), expected);
        assert!(params.finish().is_ok());
    }
    for value in [
        "0",
        "-1",
        "101",
        "1e9",
        "abc",
        "",
        "+5",
        "05",
        "1&size=1",
        "99999999999",
    ] {
        let query = format!("size={value}");
        let mut params = Params::of(Some(&query));
        assert_eq!(params.number::<u8>("size", (1, 100)), None, "{query}");
        assert_eq!(params.finish().unwrap_err().code(), Code::InvalidParameter);
    }
}

#[test]
fn all_that_is_wrong_comes_together() {
    let mut params = Params::of(Some("dryRun=1&access_token=csg_x&page=x"));
    assert!(!params.flag("dryRun"));
    params.number::<u32>("page", (0, 9));
    let problem = params.finish().unwrap_err();
    assert_eq!(problem.faults().len(), 3);
    assert!(
        !format!("{problem:?}").contains("csg_x"),
        "no value of an unknown one"
    );
}
