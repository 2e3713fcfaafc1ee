//! Providers, the gateway and the embedded model.
//!
//! One program for all of them: each further one would link the whole runtime once more.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may fail"
)]

mod embedded;
mod embedded_fallback;
mod gateway;
mod openai;
mod openai_images;
mod openai_odd_servers;
mod openai_peer;
mod support;
mod weights;
