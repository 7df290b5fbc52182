//! Views: functions from values to markup. All content of a page goes through maud, which escapes
//! it.

pub(crate) mod assets;
pub(crate) mod chips;
pub(crate) mod confirm;
pub(crate) mod descendants;
pub(crate) mod events;
pub(crate) mod fields;
pub(crate) mod format;
pub(crate) mod history;
pub(crate) mod layout;
pub(crate) mod matrix;
pub(crate) mod merge;
pub(crate) mod review;
pub(crate) mod secret;
pub(crate) mod sign_in;
pub(crate) mod token;
pub(crate) mod tokens;
