use super::*;

fn list(items: &[&str]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn proposed(sets: &Sets) -> Vec<&str> {
    let ticked = sets.items.iter().filter(|item| item.ticked);
    ticked.map(|item| item.text.as_str()).collect()
}

#[test]
fn what_one_side_changed_is_proposed() {
    let base = list(&["a", "b", "c"]);
    let sets = Sets::of(&base, &list(&["a", "c", "d"]), &list(&["a", "b", "e"]));
    assert_eq!(proposed(&sets), ["a", "d", "e"]);
    let notes: Vec<_> = sets.items.iter().map(|item| item.note).collect();
    assert_eq!(
        notes,
        [
            "",
            "they took it away",
            "you took it away",
            "they added it",
            "you added it"
        ]
    );
}

#[test]
fn two_narrowings_never_come_out_as_any_address() {
    let sets = Sets::of_addresses(&list(&["a", "b"]), &list(&["a"]), &list(&["b"]));
    assert_eq!(proposed(&sets), ["a", "b"]);
    let listed = Sets::of_addresses(&[], &list(&["a"]), &list(&["b"]));
    assert_eq!(proposed(&listed), ["a", "b"]);
}

#[test]
fn between_a_list_and_any_address_somebody_chooses() {
    let chosen = |page: &str, value: &str| page.contains(&format!("value=\"{value}\" checked"));
    for (base, theirs, yours, expected) in [
        (&["a", "b"][..], &[][..], &["a"][..], None),
        (&["a"], &[], &["a", "b"], None),
        (&["a"], &["a", "b"], &[], None),
        (&["a"], &[], &["a"], Some("yes")),
        (&["a"], &["a"], &[], Some("yes")),
        (&[], &["a"], &[], Some("no")),
        (&[], &[], &["a"], Some("no")),
    ] {
        let page = addresses(&list(base), &list(theirs), &list(yours)).into_string();
        assert_eq!(page.contains("choose."), expected.is_none(), "{page}");
        assert_eq!(chosen(&page, "yes"), expected == Some("yes"), "{page}");
        assert_eq!(chosen(&page, "no"), expected == Some("no"), "{page}");
    }
}

#[test]
fn what_was_typed_is_compared_as_it_would_be_stored() {
    let typed = list(&["10.0.0.1/32", "::ffff:192.0.2.1", "nowhere", "10.0.0.1"]);
    assert_eq!(canonical(&typed), ["10.0.0.1", "192.0.2.1", "nowhere"]);
}
