//! The address that counts as the caller's.

use countersign_gate::Proxies;

use super::world::{Ask, World};

#[tokio::test]
async fn the_address_that_counts_is_the_one_behind_trusted_proxies() {
    let trusted = vec!["192.0.2.0/24".parse().unwrap()];
    let world = World::with(Proxies {
        trusted,
        ..Proxies::default()
    })
    .await;
    let mut draft = world.home.draft("listed");
    draft.allowed_addresses = vec!["203.0.113.9".into()];
    let listed = world.home.make_of(&draft).await;
    let ask = || Ask::new("GET", "/api/v1/permissions").by(&listed.secret);
    world.send(ask()).await.problem(403, "address-not-allowed");
    world
        .send(ask().header("x-forwarded-for", "1.1.1.1, 203.0.113.9"))
        .await
        .expect(200);
    let forged = ask().header("x-forwarded-for", "203.0.113.9, 1.1.1.1");
    world.send(forged).await.problem(403, "address-not-allowed");
}
