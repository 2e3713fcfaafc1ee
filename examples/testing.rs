//! An agent with its tests: `cargo test -p domovoi-examples --bin testing`.

use std::time::Duration;

use axum::{
    Json,
    extract::Request,
    response::{IntoResponse, Response},
};
use domovoi_agents::prelude::*;

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct List {
    open: Vec<String>,
    late: Vec<String>,
}

#[derive(Default)]
struct Todo;

#[agent(state = List)]
impl Todo {
    #[callable]
    fn add(&self, cx: &Context<Self>, text: String, days: u64) -> Result<()> {
        let due = Duration::from_secs(days * 24 * 3600);
        cx.schedule(due, Self::FALL_DUE, text.clone())?;
        Ok(cx.update_state(|list| list.open.push(text))?)
    }

    #[task]
    fn fall_due(&self, cx: &Context<Self>, text: String) -> Result<()> {
        cx.broadcast(format!("{text} is late"));
        Ok(cx.update_state(|list| {
            list.open.retain(|open| *open != text);
            list.late.push(text);
        })?)
    }

    async fn on_request(&self, cx: &Context<Self>, _request: Request) -> Result<Response> {
        Ok(Json(&*cx.state()).into_response())
    }
}

fn main() -> std::process::ExitCode {
    domovoi::Domovoi::new().agent::<Todo>().run()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use domovoi_agents::testing::TestAgents;

    use super::*;

    const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

    #[tokio::test]
    async fn answers_a_request() -> Result<()> {
        let test = TestAgents::new(|agents| agents.agent::<Todo>())?;
        let response = test.request(Request::get("/agents/todo/anna").body(Body::empty())?).await;
        let body = to_bytes(response.into_body(), 1 << 20).await?;
        assert_eq!(serde_json::from_slice::<List>(&body)?, List::default());
        Ok(())
    }

    #[tokio::test]
    async fn tells_every_client() -> Result<()> {
        let test = TestAgents::new(|agents| agents.agent::<Todo>())?;
        let mut anna = test.connect("todo/anna").await?;
        let mut other = test.connect("todo/anna").await?;
        assert_eq!(other.state::<List>().await?, List::default());
        anna.call::<()>("add", ("rent", 30)).await?;
        assert_eq!(other.state::<List>().await?.open, ["rent"]);
        Ok(())
    }

    #[tokio::test]
    async fn is_on_time_after_a_crash() -> Result<()> {
        let mut test = TestAgents::new(|agents| agents.agent::<Todo>())?;
        test.get::<Todo>("anna")?.add("rent".to_owned(), 30).await?;
        test.crash().await?;
        let mut client = test.connect("todo/anna").await?;
        test.advance(MONTH).await?;
        assert_eq!(client.text().await?, "rent is late");
        let todo = test.get::<Todo>("anna")?;
        let late = todo.run(|_, cx| async move { cx.state().late.clone() }).await?;
        assert_eq!(late, ["rent"]);
        Ok(())
    }
}
