//! Methods of handles.

#![allow(unused)]

use domovoi_agents::prelude::*;

#[derive(Default)]
struct Counter;

#[agent(state = i64)]
impl Counter {
    #[callable]
    fn add(&self, cx: &Context<Self>, by: i64) -> Result<i64, AgentError> {
        cx.update_state(|count| {
            *count += by;
            *count
        })
    }

    #[callable]
    fn for_clients(&self, connection: &Connection) -> String {
        connection.id().to_owned()
    }

    fn private_method(&self) {}
}

async fn unknown_method(agents: Agents) -> Result<()> {
    agents.get::<Counter>("main")?.subtract(1).await?;
    agents.get::<Counter>("main")?.private_method().await?;
    agents.get::<Counter>("main")?.for_clients().await?;
    Ok(())
}

async fn wrong_argument(agents: Agents) -> Result<()> {
    agents.get::<Counter>("main")?.add("one").await?;
    Ok(())
}

async fn wrong_result(agents: Agents) -> Result<()> {
    let _count: String = agents.get::<Counter>("main")?.add(1).await?;
    Ok(())
}

fn wrong_state(cx: &Context<Counter>) -> Result<(), AgentError> {
    cx.set_state("one")
}

fn main() {}
