//! Domovoi's server, as a program and as a library: add agents and tools, get the same single
//! binary, user interface included.
//!
//! | module | what is in it |
//! |---|---|
//! | `builder` | [`Domovoi`]: what goes into the binary |
//! | `cli` | commands and flags |
//! | [`config`] | `domovoi.toml`, `DOMOVOI_*` variables and flags |
//! | `serve` | `domovoi serve`: start, address, shutdown |
//! | `homes`, `recipe` | one runtime of agents for each person, and what each is made of |
//! | `people` | accounts, sessions, invitations, `domovoi user` |
//! | `api` | OpenAI's API, for other programs |
//! | `gateway` | which models answer under which name, what they may cost, the log of requests |
//! | `request_log` | `domovoi log`: that log, for people |
//! | `model` | the model on this machine; progress of getting a model ready |
//! | `agents` | the built-in agents: conversations, their list, the system's state |
//! | `refusal` | what a request is told that is not answered |
//! | `logging`, `telemetry` | lines for people, traces for OpenTelemetry |
//! | `upkeep` | backup, restore, upgrades, `domovoi doctor` |
//! | `web` | pages, assets, health, figures, highlighting, signing in, who may ask |
//!
//! ```no_run
//! use domovoi_agents::prelude::*;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct DiceArgs {
//!     /// How many sides each die has.
//!     sides: u32,
//! }
//!
//! /// Rolls a die.
//! #[tool]
//! async fn roll_die(args: DiceArgs) -> Result<u32> {
//!     Ok(args.sides / 2 + 1)
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     domovoi::Domovoi::new().tool(roll_die).run()
//! }
//! ```

mod agents;
mod api;
mod builder;
mod cli;
pub mod config;
mod error;
mod gateway;
mod homes;
mod languages;
mod logging;
mod model;
mod openid;
mod people;
mod recipe;
mod refusal;
mod request_log;
mod serve;
mod telemetry;
#[cfg(test)]
mod testing;
mod upkeep;
mod web;

pub use builder::Domovoi;
pub use error::ServeError;
pub use people::PeopleError;
