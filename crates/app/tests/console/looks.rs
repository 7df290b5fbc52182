//! Accessibility of every page: what axe requires for WCAG 2.2 AA, in both colour schemes, on a
//! wide screen and on a phone.

use countersign_xtask::browser::{Demo, Scheme, tour};

use crate::desk::{Desk, leave};

const WIDE: u32 = 1440;
const NARROW: u32 = 360;
/// Nothing may ask to be moved sideways, but what moves within itself.
const FITS: &str = "return document.scrollingElement.scrollWidth <= innerWidth";

#[tokio::test]
async fn every_page_is_accessible_in_both_schemes_and_fits_a_phone() {
    let desk = Desk::start();
    let demo = Demo::make(&desk.node.server.url(), &desk.node.root)
        .await
        .unwrap();
    let browser = desk.open().await;
    let (mut faults, mut seen) = (Vec::new(), 0);
    let walk = tour(&browser, &demo, async |page| {
        seen += 1;
        for width in [NARROW, WIDE] {
            browser.size(width, 800).await?;
            for scheme in Scheme::BOTH {
                browser.scheme(scheme).await?;
                let findings = browser.axe().await?;
                if !findings.is_empty() {
                    faults.push(format!("{page}, {}, {width}: {findings}", scheme.name()));
                }
            }
            if browser.ask(FITS).await? != true {
                faults.push(format!("{page} is wider than {width}"));
            }
        }
        Ok(())
    });
    walk.await.unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen > 15);
    leave(browser).await;
}
