//! Tests of the order of the steps (form, look-up, time, verdict), and of the observer.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use countersign_domain::standard::{TASKS_READ, TASKS_WRITE};

use super::*;
use crate::{
    SourceError,
    samples::{FixedSource, RecordedUsage, begin, credential, home, secret},
};

fn gate(source: &Arc<FixedSource>) -> Gate {
    Gate::new(Arc::clone(source) as _, begin)
}

#[tokio::test]
async fn a_known_secret_is_judged_by_its_facts() {
    let source = FixedSource::knowing(credential(1));
    let gate = gate(&source);
    let text = secret(1).expose().to_owned();
    let grant = gate.check(&text, home(), Some(&TASKS_READ)).await.unwrap();
    assert_eq!(*grant.credential, credential(1));
    let lacking = gate.check(&text, home(), Some(&TASKS_WRITE)).await;
    assert!(matches!(
        lacking,
        Err(CheckError::Denied(Denied::MissingPermission(_)))
    ));
    let elsewhere = gate.check(&text, None, Some(&TASKS_READ)).await;
    assert!(matches!(
        elsewhere,
        Err(CheckError::Denied(Denied::AddressNotAllowed))
    ));
}

#[tokio::test]
async fn what_is_no_secret_never_reaches_the_source() {
    let source = FixedSource::knowing(credential(1));
    let mut altered = secret(1).expose().to_owned();
    altered.pop();
    for text in ["", "csg_", "x", &altered, &format!("{altered}!")] {
        let checked = gate(&source).check(text, None, None).await;
        assert!(matches!(checked, Err(CheckError::Invalid)), "{text}");
    }
    assert_eq!(source.asked(), 0);
}

#[tokio::test]
async fn an_unknown_secret_is_not_a_fault_and_a_fault_is_not_an_unknown_secret() {
    let source = Arc::new(FixedSource::default());
    let text = secret(1).expose().to_owned();
    let unknown = gate(&source).check(&text, None, None).await;
    assert!(matches!(unknown, Err(CheckError::Invalid)));
    source.set(Some(Err(SourceError::away("gone"))));
    let broken = gate(&source).check(&text, None, None).await;
    assert!(matches!(broken, Err(CheckError::Unavailable(_))));
}

#[tokio::test]
async fn only_admitted_requests_are_told_of() {
    let source = FixedSource::knowing(credential(1));
    let told = Arc::new(RecordedUsage::default());
    let gate = gate(&source).with_uses(Arc::clone(&told) as _);
    let text = secret(1).expose().to_owned();
    gate.check(&text, home(), None).await.unwrap();
    gate.check(&text, None, None).await.unwrap_err();
    assert_eq!(*told.0.lock().unwrap(), [(secret(1).digest(), begin())]);
}

/// A slow source: the token has expired when the answer comes.
struct Slow(Arc<AtomicBool>);

#[async_trait]
impl CredentialSource for Slow {
    async fn find(&self, _: &PresentedSecret) -> Result<Option<Arc<Credential>>, SourceError> {
        self.0.store(true, Ordering::SeqCst);
        Ok(Some(Arc::new(credential(1))))
    }
}

#[tokio::test]
async fn the_time_is_taken_after_the_look_up() {
    let late = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&late);
    let clock = move || {
        if asked.load(Ordering::SeqCst) {
            credential(1).expiry
        } else {
            begin()
        }
    };
    let gate = Gate::new(Arc::new(Slow(late)), clock);
    let checked = gate.check(secret(1).expose(), home(), None).await;
    assert!(matches!(
        checked,
        Err(CheckError::Denied(Denied::Expired(_)))
    ));
}

#[test]
fn proxies_are_believed_as_they_are_named() {
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
    let peer: Option<IpAddr> = "10.0.0.1".parse().ok();
    let alone = gate(&Arc::default());
    assert_eq!(alone.client_address(peer, &headers), peer);
    let behind = alone.with_proxies(Proxies {
        trusted: vec!["10.0.0.0/8".parse().unwrap()],
        header: ProxyHeader::XForwardedFor,
    });
    assert_eq!(
        behind.client_address(peer, &headers),
        "203.0.113.9".parse().ok()
    );
}
