//! The service as it is deployed on each database: one process on SQLite, two on one PostgreSQL.

use countersign_xtask::server::{Launch, Server};

use super::client::Client;
use crate::common::{BINARY, Node, On};

/// All processes of one deployment.
pub(crate) struct Nodes {
    pub(crate) first: Node,
    second: Option<Server>,
}

impl Nodes {
    pub(crate) fn start(on: On) -> Self {
        let first = Node::start(on);
        let second = (on == On::Postgres)
            .then(|| Server::start(Launch::new(BINARY, &first.database_url)).unwrap());
        Self { first, second }
    }

    /// A client with connections of its own; they are dealt out to the nodes in turn.
    pub(crate) fn client(&self, number: usize, secret: &str) -> Client {
        let url = match &self.second {
            Some(second) if number % 2 == 1 => second.url(),
            _ => self.first.server.url(),
        };
        Client::new(&url, secret)
    }

    /// So many clients, each with the root token.
    pub(crate) fn crowd(&self, size: usize) -> Vec<Client> {
        (0..size)
            .map(|number| self.client(number, &self.first.root))
            .collect()
    }
}
