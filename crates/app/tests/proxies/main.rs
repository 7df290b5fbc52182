//! Forward auth behind common proxies, with clients that lie to them. No request gets through that
//! would not get through without them, no client can claim to be another, and a refused request
//! never reaches the service. All proxies have to keep the same promises.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what cannot be set up is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod document;
mod edge;
mod forms;
mod hostile;
mod outage;
mod passing;
mod preflights;
mod upstream;

const READ: &[&str] = &["api.tasks.read"];

/// A test for each promise, under the name of each proxy.
macro_rules! promises {
    ($proxy:ident = $kind:ident) => {
        mod $proxy {
            promises! { $kind:
                passing::the_service_learns_who_asks_and_not_the_secret,
                passing::the_service_learns_whose_token_it_is,
                passing::a_long_list_of_permissions_is_left_out_and_the_service_learns_that,
                passing::bodies_of_all_sizes_pass_and_only_to_the_service,
                passing::what_is_refused_is_told_and_goes_no_further,
                passing::a_revoked_token_does_not_get_through_again,
                passing::only_websockets_pass_and_where_it_is_said,
                hostile::no_header_brings_a_client_to_another_address,
                hostile::no_header_takes_a_client_from_its_address,
                hostile::nobody_says_who_they_are_but_countersign,
                hostile::no_spelling_says_who_they_are,
                hostile::two_credentials_are_none,
                hostile::no_path_leads_past_the_door,
                forms::each_place_that_is_allowed_is_handed_on,
                forms::no_other_place_counts_by_default,
                preflights::one_of_the_page_is_answered_without_a_token,
                preflights::no_other_request_without_a_token_gets_through,
                outage::without_countersign_nobody_gets_through,
                outage::without_its_database_nobody_new_gets_through,
            }
        }
    };
    ($kind:ident: $($file:ident::$promise:ident,)*) => {
        $(
            #[tokio::test]
            async fn $promise() {
                crate::$file::$promise(crate::document::Kind::$kind).await;
            }
        )*
    };
}

promises!(nginx = Nginx);
promises!(caddy = Caddy);
promises!(traefik = Traefik);
promises!(envoy = Envoy);
promises!(haproxy = HaProxy);
