//! Tests of permissions that the catalog no longer has.

use super::update_tests::{allowed, by, change, update};
use crate::{Permission, TokenView, Violation, samples, standard::*};

const WRITER: &[Permission] = &[API_TOKENS_WRITE, TASKS_READ];

#[test]
fn a_permission_that_left_the_catalog_stays_but_is_not_granted_anew() {
    let gone = Permission::parse("shop.orders.read").unwrap();
    let with_gone = allowed(&[gone.clone(), TASKS_READ]);
    let kept: TokenView = samples::view(2, &[gone.clone(), TASKS_READ, API_TOKENS_WRITE]);
    let change = change(by(&samples::request(1, WRITER), &kept, &with_gone));
    assert!(change.next().permissions.contains(&gone));
    let refused = update(WRITER, &with_gone).unwrap_err();
    assert!(matches!(
        refused.violations(),
        [Violation::UnknownPermission { index: 0, .. }]
    ));
}
