//! Pgpool-II between a node and its servers, with load balancing on: reads may land on a hot
//! standby.

use std::time::{Duration, Instant};

use countersign_xtask::{
    cluster::{Cluster, Durability},
    pgpool::{Pgpool, Reads},
    server::{Launch, Server},
    sql,
};
use reqwest::{Client, Method};

use crate::{
    a_start_on_it_says_so, check,
    common::{BINARY, Node, TOKENS},
    switch::Switch,
    until_checked, until_replayed,
    visitor::Visitor,
    with_port,
};

/// A node that reached the primary until a pooler came between, which has a hot standby answer
/// reads. The standby has stopped replaying, and does not know of the revocations to come.
struct Split {
    primary: Cluster,
    _standby: Cluster,
    pooler: Pgpool,
    /// Leads through the pooler.
    url: String,
    switch: Switch,
    node: Node,
    /// Connected to the primary.
    other: Server,
    live: String,
    /// The secret and the id of each token that will be revoked.
    doomed: Vec<(String, String)>,
    /// Signed in to the console at the node.
    visitor: Visitor,
}

impl Split {
    async fn begin(reads: Reads) -> Self {
        let primary = Cluster::start(Durability::Relaxed).unwrap();
        primary.create_database("standby").unwrap();
        let switch = Switch::to(primary.port()).await;
        let url = with_port(&primary.url("standby"), switch.port);
        let mut launch = Launch::new(BINARY, url);
        let settings = [("OUTAGE_GRACE_SECONDS", "0"), ("CHANGE_FEED", "poll")];
        let settings = settings.map(|(k, v)| (format!("COUNTERSIGN_{k}"), v.to_owned()));
        launch.environment.extend(settings);
        let node = Node::launch(launch);
        let other = Server::start(Launch::new(BINARY, primary.url("standby"))).unwrap();
        let text = |made: &serde_json::Value, field: &str| made[field].as_str().unwrap().to_owned();
        let live = text(&node.create("Live").await, "token");
        let mut doomed = Vec::new();
        for number in 0..20 {
            let made = node.create(&format!("Doomed {number}")).await;
            doomed.push((text(&made, "token"), text(&made, "id")));
        }
        let visitor = Visitor::signed_in(&node.server.url(), &live).await;
        let standby = primary.start_standby().unwrap();
        until_replayed(&primary, &standby);
        sql::postgres(&standby.url("standby"), "SELECT pg_wal_replay_pause()").unwrap();
        let pooler = Pgpool::start(&primary, &standby, reads).unwrap();
        let url = with_port(&primary.url("standby"), pooler.port());
        let reader = sql::postgres(&url, "SELECT inet_server_port()").unwrap();
        assert_eq!(reader, standby.port().to_string(), "reads are not split");
        switch.lead_to(pooler.port());
        Self {
            primary,
            _standby: standby,
            url,
            pooler,
            switch,
            node,
            other,
            live,
            doomed,
            visitor,
        }
    }

    /// Revokes on the other node, one after the other, while the node is asked about those that are
    /// revoked already. It returns all answers that came from a request sent more than a second
    /// after the acknowledgement.
    async fn revoke(&self) -> Vec<u16> {
        let client = Client::builder().no_proxy().build().unwrap();
        let (mut gone, mut late) = (Vec::new(), Vec::new());
        for (secret, id) in &self.doomed {
            let request = client.delete(format!("{}{TOKENS}/{id}", self.other.url()));
            let answer = request.bearer_auth(&self.node.root).send().await.unwrap();
            assert_eq!(answer.status(), 204);
            gone.push((secret, Instant::now()));
            self.ask(&gone, &mut late).await;
        }
        let last = Instant::now();
        while last.elapsed() < Duration::from_secs(3) {
            self.ask(&gone, &mut late).await;
        }
        late
    }

    async fn ask(&self, gone: &[(&String, Instant)], late: &mut Vec<u16>) {
        for (secret, acknowledged) in gone {
            let is_late = acknowledged.elapsed() > Duration::from_secs(1);
            let status = check(&self.node, secret).await;
            late.extend(is_late.then_some(status));
        }
    }

    /// How many messages about statements with that text the pooler has sent to the standby.
    fn on_standby(&self, text: &str) -> usize {
        let log = self.pooler.log().unwrap();
        let messages = log.split("DB node id: ").skip(1);
        let there = messages.filter(|message| message.starts_with("1 "));
        there.filter(|message| message.contains(text)).count()
    }
}

fn count(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|one| **one == status).count()
}

/// Statements that ask `pg_is_in_recovery()`, which is volatile, go to the primary by Pgpool-II's
/// own rule.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_splits_reads_by_volatility_sends_look_ups_to_the_primary() {
    let split = Split::begin(Reads::WithoutVolatile).await;
    until_checked(&split.node, &split.live, 200).await;
    let late = split.revoke().await;
    assert!(!late.is_empty());
    assert_eq!(count(&late, 401), late.len(), "{late:?}");
    assert_eq!(check(&split.node, &split.live).await, 200);
    assert_eq!(split.on_standby("pg_is_in_recovery"), 0);
    // A session that ended on the primary is still there on the standby.
    let console = || async { split.visitor.get("/console").send().await.unwrap().status() };
    assert_eq!(console().await, 200);
    sql::postgres(&split.primary.url("standby"), "DELETE FROM sessions").unwrap();
    assert_eq!(console().await, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_that_sends_all_reads_to_a_standby_no_revoked_token_is_admitted() {
    let split = Split::begin(Reads::All).await;
    let late = split.revoke().await;
    assert!(!late.is_empty());
    let refused = count(&late, 401) + count(&late, 503);
    assert_eq!(refused, late.len(), "{late:?}");
    assert!(split.on_standby("pg_is_in_recovery") > 0);
    // Not even what is live is known from there, and the log says why.
    assert_eq!(check(&split.node, &split.live).await, 503);
    let ready = split.node.request(Method::GET, "/health/ready").send();
    assert_eq!(ready.await.unwrap().status(), 503);
    let log = split.node.server.log().unwrap();
    assert!(
        log.contains("this server is a standby (in recovery)"),
        "{log}"
    );
    // What the feed missed meanwhile it does not miss for good.
    split.switch.lead_to(split.primary.port());
    until_checked(&split.node, &split.live, 200).await;
    for (secret, _) in &split.doomed {
        assert_eq!(check(&split.node, secret).await, 401);
    }
    a_start_on_it_says_so(&split.node, &split.url);
}
