//! Who gets a place: everybody while there are some, then whoever comes in place of the connection that is idle longest.

use std::{net::IpAddr, sync::Arc, time::Duration};

use ipnet::IpNet;
use tokio::time::{Instant, timeout};

use super::{
    Limits, LogThrottle,
    deadline::ConnectionDeadline,
    permit::ConnectionPermit,
    slots::{ClientAddress, ConnectionSlot, ConnectionSlots, NoSlot, network},
};

/// How long a connection that was asked to close may take; its task has to be run for it.
pub(super) const ROOM: Duration = Duration::from_millis(20);

/// How often a place of the reserve is tried for: its connections last hardly longer than [`ROOM`].
const TRIES: u32 = 10;

/// How often the log has a line about places that are used up.
const PAUSE: Duration = Duration::from_secs(10);

/// The places of one server.
#[derive(Debug)]
pub(super) struct Admission {
    places: Arc<ConnectionSlots>,
    reserve: Arc<ConnectionSlots>,
    exempt: Vec<IpNet>,
    full: LogThrottle,
    share: LogThrottle,
}

impl Admission {
    pub(super) fn new(limits: &Limits) -> Self {
        let connections = limits.connections.max(1);
        let reserve = Limits::reserve(connections);
        let share = reserve * limits.per_address.min(connections) / connections;
        Self {
            places: ConnectionSlots::new(connections, limits.per_address),
            reserve: ConnectionSlots::new(reserve, share.max(2)),
            exempt: limits.exempt.clone(),
            full: LogThrottle::every(PAUSE),
            share: LogThrottle::every(PAUSE),
        }
    }

    /// A seat for a connection from this address; `None` if there is not even one of the reserve.
    pub(super) async fn admit(
        &mut self,
        peer: IpAddr,
        phases: &ConnectionDeadline,
    ) -> Option<ConnectionPermit> {
        let client = self.client(peer);
        let full = match self.places.take(client, phases) {
            Ok(place) => return Some(ConnectionPermit::placed(place)),
            Err(full) => full,
        };
        self.complain(full, peer);
        let evicted = self.places.evict(client, full);
        let reserved = self.reserved(client, phases).await?;
        let places = Arc::clone(&self.places);
        Some(ConnectionPermit::reserved(
            reserved, places, client, phases, evicted,
        ))
    }

    async fn reserved(
        &self,
        client: ClientAddress,
        phases: &ConnectionDeadline,
    ) -> Option<ConnectionSlot> {
        for _ in 0..TRIES {
            let freed = self.reserve.freed();
            match self.reserve.take(client, phases) {
                Ok(place) => return Some(place),
                Err(full) => {
                    if !self.reserve.evict(client, full) && full == NoSlot::Share {
                        return None;
                    }
                }
            }
            // Its end is either way the next try.
            let _ = timeout(ROOM, freed).await;
        }
        None
    }

    fn client(&self, peer: IpAddr) -> ClientAddress {
        let peer = peer.to_canonical();
        let exempt = self.exempt.iter().any(|network| network.contains(&peer));
        (!exempt).then(|| network(peer))
    }

    fn complain(&mut self, full: NoSlot, peer: IpAddr) {
        let now = Instant::now();
        match full {
            NoSlot::Places if self.full.due(now) => tracing::warn!(
                "all connections are taken (max-connections): those that are idle longest are closed"
            ),
            NoSlot::Share if self.share.due(now) => tracing::warn!(
                address = %peer.to_canonical(),
                "this address has its share of the connections (max-connections-per-address): \
                 a further one of it takes the place of an idle one of its own, or is refused; \
                 if it is a proxy, name it in trusted-proxies"
            ),
            NoSlot::Places | NoSlot::Share => {}
        }
    }
}
