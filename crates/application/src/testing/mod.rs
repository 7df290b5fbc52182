//! What tests of this crate, of the stores and of the surfaces share.
