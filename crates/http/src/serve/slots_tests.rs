use std::sync::Arc;

use super::*;
use crate::serve::Limits;

struct Stage {
    places: Arc<ConnectionSlots>,
    begin: Instant,
}

impl Stage {
    fn new(most: usize, share: usize) -> Self {
        Self {
            places: ConnectionSlots::new(most, share),
            begin: Instant::now(),
        }
    }

    fn connect(&self, client: &str) -> (ConnectionDeadline, Result<ConnectionSlot, NoSlot>) {
        let phases =
            ConnectionDeadline::begin(Arc::new(Limits::new(1, Duration::ZERO)), self.begin);
        let place = self.places.take(address(client), &phases);
        (phases, place)
    }
}

fn address(client: &str) -> ClientAddress {
    (!client.is_empty()).then(|| network(client.parse().unwrap()))
}

fn asked(phases: &ConnectionDeadline) -> bool {
    phases.activity().seen().is_none()
}

#[tokio::test(start_paused = true)]
async fn the_one_that_is_idle_longest_gives_way_and_none_that_works() {
    let stage = Stage::new(3, 3);
    let mut open = Vec::new();
    for client in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        let (phases, place) = stage.connect(client);
        open.push((phases, place.unwrap()));
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    open[0].0.activity().busy();
    let (_, full) = stage.connect("192.0.2.4");
    assert_eq!(full.unwrap_err(), NoSlot::Places);
    let evict = || stage.places.evict(address("192.0.2.4"), NoSlot::Places);
    assert!(evict());
    assert!(asked(&open[1].0) && !asked(&open[2].0));
    assert!(evict());
    assert!(asked(&open[2].0));
    tokio::time::advance(PAUSE).await;
    assert!(!evict(), "only one with a request is left");
    open.remove(1);
    assert!(stage.connect("192.0.2.4").1.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_client_has_no_more_than_its_share_and_gives_way_to_itself() {
    let stage = Stage::new(10, 2);
    let other = stage.connect("192.0.2.1");
    let own = [stage.connect("2001:db8::1"), stage.connect("2001:db8::2")];
    assert_eq!(stage.connect("2001:db8::3").1.unwrap_err(), NoSlot::Share);
    assert!(
        stage.connect("2001:db8:0:1::1").1.is_ok(),
        "another network"
    );
    let evict = || stage.places.evict(address("2001:db8::3"), NoSlot::Share);
    assert!(evict() && evict());
    assert!(own.iter().all(|(phases, _)| asked(phases)));
    let unbounded: Vec<_> = (0..6).map(|_| stage.connect("")).collect();
    assert!(unbounded.iter().all(|(_, place)| place.is_ok()));
    drop((own, unbounded, other));
    assert!(
        stage.places.lock().clients.is_empty(),
        "nobody is remembered"
    );
}
