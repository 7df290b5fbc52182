//! Admission of connections: every connection while slots are free, then each new one in place of
//! the connection that has been idle longest.

use std::{net::IpAddr, sync::Arc, time::Duration};

use ipnet::IpNet;
use tokio::time::{Instant, timeout};

use super::{
    Limits, LogThrottle,
    deadline::ConnectionDeadline,
    permit::ConnectionPermit,
    slots::{ClientAddress, ConnectionSlot, ConnectionSlots, NoSlot, network},
};

/// The time that a connection which was asked to close may take; its task has to run for that.
pub(super) const ROOM: Duration = Duration::from_millis(20);

/// The number of tries for a slot of the reserve, whose connections hardly last longer than
/// [`ROOM`].
const TRIES: u32 = 10;

/// The period of log lines about used-up slots.
const PAUSE: Duration = Duration::from_secs(10);

/// The connection slots of one server.
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

    /// A permit for a connection from this address; `None` if even the reserve has no slot.
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
            // With or without a time-out, the next try follows.
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
