//! The protocol as others speak it.
//!
//! One program for all of them: each further one would link the whole runtime once more.

mod examples;
mod reduction;
mod robustness;
mod roundtrip;
mod strategies;
