//! The committed OpenAPI document: what clients are generated from has to be what the service does.

#[test]
fn the_committed_document_is_what_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == countersign_http::openapi(),
        "docs/openapi.json differs from what the service would serve; run `cargo xtask openapi`"
    );
}
