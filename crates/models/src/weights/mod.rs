//! Weights: which there are, where they come from, and getting them whole onto the disk.
//!
//! | file | what is in it |
//! |---|---|
//! | `catalogue.toml` | the weights Domovoi knows: address, size, SHA-256, licence |
//! | `catalogue` | that file as types |
//! | `choice` | what a person may choose: automatic, an id, a path |
//! | `locate` | the order of looking: configured path, data folder, source |
//! | `check` | SHA-256, remembered so that a second start need not read the whole file |
//! | `download`, `wheel` | the two kinds of source |
//! | `progress` | bytes, and seconds left |
//! | `error` | what can go wrong, in words that say what to do |

mod catalogue;
mod check;
mod choice;
mod download;
mod error;
mod locate;
mod progress;
mod wheel;

pub use catalogue::{Catalogue, CatalogueEntry, Source};
pub use choice::WeightsChoice;
pub use download::Timeouts;
pub use error::WeightsError;
pub use locate::{Weights, WeightsFinder, fetch};
pub use progress::Progress;
