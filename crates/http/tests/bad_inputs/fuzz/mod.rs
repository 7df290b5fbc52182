//! Whatever the input is: never an internal error, always a problem document, and a refused request
//! writes nothing.

mod arbitrary;

use std::sync::LazyLock;

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use self::arbitrary::{bent, bodies, headers, targets};
use crate::harness::{Ask, Service, TOKENS};

struct World {
    runtime: Runtime,
    service: Service,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let service = runtime.block_on(Service::start());
    World { runtime, service }
});

/// Asks, and gives what is wrong with the answer.
fn flaws(ask: &Ask) -> Vec<String> {
    // One service for all properties: others would be writing while one looks whether its request wrote.
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = TURN.lock();
    let World { runtime, service } = &*WORLD;
    let victim = runtime.block_on(service.token());
    let ask = Ask {
        target: ask
            .target
            .replace("VICTIM", &victim.view.token.id.to_string()),
        ..ask.clone()
    };
    let (reply, mut flaws) = runtime.block_on(service.watch(&ask.by(&service.root.secret)));
    if reply.status >= 500 {
        flaws.push(format!("status {}", reply.status));
    }
    flaws
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_body(ask in bodies()) {
        let flaws = flaws(&ask);
        prop_assert!(flaws.is_empty(), "{:?}\n{}", flaws, String::from_utf8_lossy(&ask.body.unwrap()));
    }

    #[test]
    fn any_path_and_query(
        method in select(vec!["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS"]),
        target in targets(),
        body in prop::option::of(bent(json!({"version": 1}))),
    ) {
        let mut ask = Ask::new(method, target).verbatim();
        if let Some(body) = body {
            ask = ask.json(&body);
        }
        let flaws = flaws(&ask);
        prop_assert!(flaws.is_empty(), "{:?} {:?}", flaws, ask);
    }

    #[test]
    fn any_header(ask in bodies(), get in any::<bool>(), headers in headers()) {
        let mut ask = if get { Ask::new("GET", format!("{TOKENS}/VICTIM")) } else { ask };
        ask.headers.extend(headers);
        let flaws = flaws(&ask);
        prop_assert!(flaws.is_empty(), "{:?} {:?}", flaws, ask);
    }

    #[test]
    fn any_credential(value in vec(prop_oneof![b' '..=b'~', 0x80..=0xff_u8], 0..80), bearer in any::<bool>()) {
        let scheme: &[u8] = if bearer { b"Bearer " } else { b"" };
        let ask = Ask::new("GET", TOKENS).with("authorization", [scheme, &*value].concat());
        let World { runtime, service } = &*WORLD;
        let reply = runtime.block_on(service.send(&ask));
        prop_assert_eq!(reply.flaws(&ask), Vec::<String>::new());
        prop_assert!(matches!(reply.status, 400 | 401), "{}", reply.status);
    }
}
