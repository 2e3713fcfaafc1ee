//! A harness for tests of agents: in this process, without ports, with a clock that a test moves.
//!
//! | module | what is in it |
//! |---|---|
//! | `harness` | [`TestAgents`]: the agents under test, their clock, crashes |
//! | `client` | [`TestClient`]: a connection without a socket |
//!
//! Everything else is real: instances, SQLite files in a folder that goes away with the harness,
//! frames, hooks. For a model that says what a test wants there is
//! `domovoi_models::testing::ScriptedModel`.
//!
//! ```
//! # use std::time::Duration;
//! use domovoi_agents::{prelude::*, testing::TestAgents};
//!
//! #[derive(Default)]
//! struct Reminder;
//!
//! #[agent(state = Vec<String>)]
//! impl Reminder {
//!     #[task]
//!     fn remind(&self, cx: &Context<Self>, text: String) -> Result<()> {
//!         Ok(cx.update_state(|said| said.push(text))?)
//!     }
//!
//!     #[callable]
//!     fn remind_me(&self, cx: &Context<Self>, text: String) -> Result<Schedule> {
//!         Ok(cx.schedule(Duration::from_secs(365 * 24 * 3600), Self::REMIND, text)?)
//!     }
//! }
//!
//! # tokio_test_block_on(async {
//! let mut test = TestAgents::new(|agents| agents.agent::<Reminder>())?;
//! let mut client = test.connect("reminder/anna").await?;
//! client.call::<Schedule>("remindMe", ["tea"]).await?;
//! test.crash().await?;
//! test.advance(Duration::from_secs(366 * 24 * 3600)).await?;
//! let mut client = test.connect("reminder/anna").await?;
//! assert_eq!(client.state::<Vec<String>>().await?, ["tea"]);
//! # Ok::<(), AgentError>(())
//! # }).unwrap();
//! # fn tokio_test_block_on<F: Future>(future: F) -> F::Output {
//! #     tokio::runtime::Runtime::new().unwrap().block_on(future)
//! # }
//! ```

mod client;
mod harness;

pub use client::TestClient;
pub use harness::TestAgents;
