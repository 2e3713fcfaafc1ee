//! The tools that come with Domovoi.
//!
//! One program for all of them: each further one would link the whole runtime once more.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod arithmetic;
mod fetch_page;
mod query_csv;
mod reminders;
mod support;
mod text_extraction;
