//! Models by the name of a route, and the gateway's log in SQLite.
//!
//! | module | what is in it |
//! |---|---|
//! | `store` | [`SqliteGatewayStore`]: log, cache and feedback in one file |
//! | `model` | [`Context::model`](crate::Context::model): the model of a route, for an agent |

mod model;
mod store;

pub use store::SqliteGatewayStore;
