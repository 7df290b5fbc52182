//! The files that pages load, all of them in the binary. Their addresses change with their content,
//! so that browsers may cache them for ever.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// The folder of the files in addresses.
pub(crate) const FOLDER: &str = "/console/assets/";

/// A file that pages load.
pub(crate) struct Asset {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its media type.
    pub(crate) kind: &'static str,
    /// Its content.
    pub(crate) text: &'static str,
    link: LazyLock<String>,
}

impl Asset {
    /// The address from which pages load it.
    pub(crate) fn link(&self) -> &str {
        &self.link
    }
}

macro_rules! asset {
    ($name:literal, $kind:literal) => {
        Asset {
            name: $name,
            kind: $kind,
            text: include_str!(concat!("../assets/", $name)),
            link: LazyLock::new(|| link($name, include_str!(concat!("../assets/", $name)))),
        }
    };
}

/// The stylesheet of all pages.
pub(crate) static STYLE: Asset = asset!("style.css", "text/css; charset=utf-8");
/// The script of all pages, which work without it.
pub(crate) static SCRIPT: Asset = asset!("console.js", "text/javascript; charset=utf-8");
/// The mark of the service.
pub(crate) static ICON: Asset = asset!("icon.svg", "image/svg+xml");

/// All of them.
pub(crate) fn all() -> [&'static Asset; 3] {
    [&STYLE, &SCRIPT, &ICON]
}

fn link(name: &str, text: &str) -> String {
    let digest = Sha256::digest(text);
    let version = URL_SAFE_NO_PAD.encode(&digest[..9]);
    format!("{FOLDER}{name}?v={version}")
}
