//! Agents in an axum application of your own: no user interface, no model, only the SDK.

use axum::{Router, routing::get};
use domovoi_agents::prelude::*;

#[derive(Default)]
struct Greeter;

#[agent]
impl Greeter {
    /// Greets somebody.
    #[callable]
    fn greet(&self, cx: &Context<Self>, whom: String) -> String {
        format!("Hello {whom}, this is {}", cx.name())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data".to_owned());
    let agents = Agents::builder(AgentsConfig::new(folder)).agent::<Greeter>().build()?;
    let app = Router::new().route("/", get(|| async { "my own page" })).merge(agents.routes());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
