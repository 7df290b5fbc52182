//! Prints the exact OpenAPI document, with which generated requests and their answers are compared.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    io::stdout().write_all(countersign_http::exact_openapi().as_bytes())
}
