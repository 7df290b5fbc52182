//! Connection slots: their number, the share of one client, and the connection to evict if none is
//! free. Only the beginning and the end of a connection use them, never a request.

use std::{
    cmp::Reverse,
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, futures::Notified},
    time::Instant,
};

use super::{activity::Idle, deadline::ConnectionDeadline};

/// The pause after a search that found too few idle connections, because another search would not
/// be worth its cost.
const PAUSE: Duration = Duration::from_millis(10);

/// A client for the count of slots: its network. `None` stands for clients that are not counted.
pub(super) type ClientAddress = Option<IpAddr>;

/// Reason why no slot is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSlot {
    /// All slots are taken.
    Places,
    /// The client has its whole share.
    Share,
}

/// A number of slots, of which each client has a share.
#[derive(Debug)]
pub(super) struct ConnectionSlots {
    most: usize,
    share: usize,
    taken: Mutex<SlotTable>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct SlotTable {
    count: usize,
    next: u64,
    clients: HashMap<ClientAddress, Connections>,
    idlest: Idlest,
}

/// The connections of one client.
#[derive(Debug, Default)]
struct Connections {
    phases: HashMap<u64, ConnectionDeadline>,
    idlest: Idlest,
}

/// A slot of a connection; dropping it frees the slot.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    places: Arc<ConnectionSlots>,
    client: ClientAddress,
    number: u64,
}

impl ConnectionSlots {
    pub(super) fn new(most: usize, share: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            share,
            taken: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// Takes a slot for a connection.
    ///
    /// # Errors
    /// Returns an error if none is free for this client.
    pub(super) fn take(
        self: &Arc<Self>,
        client: ClientAddress,
        phases: &ConnectionDeadline,
    ) -> Result<ConnectionSlot, NoSlot> {
        let mut taken = self.lock();
        let own = taken.clients.get(&client);
        let own = own.map_or(0, |own| own.phases.len());
        if client.is_some() && own >= self.share {
            return Err(NoSlot::Share);
        }
        if taken.count >= self.most {
            return Err(NoSlot::Places);
        }
        let number = taken.next;
        taken.next += 1;
        taken.count += 1;
        let connections = taken.clients.entry(client).or_default();
        connections.phases.insert(number, phases.clone());
        drop(taken);
        Ok(ConnectionSlot {
            places: Arc::clone(self),
            client,
            number,
        })
    }

    /// Asks the connection that has been idle longest to close: one of the client's own if its
    /// share is used up. Returns whether there was one.
    pub(super) fn evict(&self, client: ClientAddress, full: NoSlot) -> bool {
        let mut taken = self.lock();
        let SlotTable {
            clients, idlest, ..
        } = &mut *taken;
        match full {
            NoSlot::Places => {
                let all = clients.values().flat_map(|own| own.phases.values());
                idlest.evict(all)
            }
            NoSlot::Share => clients
                .get_mut(&client)
                .is_some_and(|own| own.idlest.evict(own.phases.values())),
        }
    }

    /// Completes when a slot becomes free from now on.
    pub(super) fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }

    fn lock(&self) -> MutexGuard<'_, SlotTable> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.count -= 1;
        if let Some(own) = taken.clients.get_mut(&self.client) {
            own.phases.remove(&self.number);
            if own.phases.is_empty() {
                taken.clients.remove(&self.client);
            }
        }
        drop(taken);
        self.places.freed.notify_one();
    }
}

/// The connections that were idle at the last search, the longest idle at the end. A connection
/// that became idle later has been idle for less time than each of them, so one search serves for
/// as many evictions as it found connections.
#[derive(Debug, Default)]
struct Idlest {
    queue: Vec<(Idle, ConnectionDeadline)>,
    looked: Option<Instant>,
}

impl Idlest {
    fn evict<'a>(&mut self, all: impl Iterator<Item = &'a ConnectionDeadline>) -> bool {
        if self.evict_next() {
            return true;
        }
        if self.looked.is_some_and(|at| at.elapsed() < PAUSE) {
            return false;
        }
        self.looked = Some(Instant::now());
        let idle = |phases: &ConnectionDeadline| Some((phases.activity().seen()?, phases.clone()));
        self.queue = all.filter_map(idle).collect();
        self.queue.sort_unstable_by_key(|(seen, _)| Reverse(*seen));
        self.evict_next()
    }

    fn evict_next(&mut self) -> bool {
        while let Some((seen, phases)) = self.queue.pop() {
            if phases.activity().evict(seen) {
                return true;
            }
        }
        false
    }
}

/// The network that counts as one client: a client with one IPv6 address has at least a /64 of
/// them.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod tests;
