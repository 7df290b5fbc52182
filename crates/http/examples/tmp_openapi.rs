fn main() {
    print!("{}", countersign_http::openapi());
}
