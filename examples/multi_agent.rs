//! Agents that call one another by typed handles, and sub-agents that belong to another agent.

use domovoi_agents::prelude::*;

/// What a newsroom knows of a story. It is passed as it is, and never becomes JSON on the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Finding {
    topic: String,
    sources: u32,
}

#[derive(Default)]
struct Newsroom;

#[agent(state = Vec<Finding>)]
impl Newsroom {
    /// Asks another agent, which asks this one back before it answers.
    #[callable]
    async fn research(&self, cx: &Context<Self>, topic: String) -> Result<u32> {
        let researcher = cx.agents().get::<Researcher>("ada")?;
        Ok(researcher.look_into(cx.name().to_owned(), topic).await?)
    }

    /// For other agents: `pub` makes it a method of the handle, and no client can call it.
    pub(crate) fn known(&self, cx: &Context<Self>, topic: String) -> Option<Finding> {
        cx.state().iter().find(|finding| finding.topic == topic).cloned()
    }

    pub(crate) fn report(&self, cx: &Context<Self>, finding: Finding) -> Result<(), AgentError> {
        cx.update_state(|findings| findings.push(finding))
    }

    /// A desk belongs to this newsroom and goes away with it.
    #[callable]
    async fn open_desk(&self, cx: &Context<Self>, name: String, chief: String) -> Result<String> {
        Ok(cx.sub_agent::<Desk>(&name)?.take_over(chief).await?)
    }

    /// Names of the desks there are.
    #[callable]
    fn desks(&self, cx: &Context<Self>) -> Result<Vec<String>> {
        Ok(cx.sub_agents::<Desk>(None, 100)?)
    }

    /// Closes a desk and deletes everything it has written.
    #[callable]
    async fn close_desk(&self, cx: &Context<Self>, name: String) -> Result<()> {
        Ok(cx.delete_sub_agent::<Desk>(&name).await?)
    }
}

#[derive(Default)]
struct Researcher;

#[agent]
impl Researcher {
    pub(crate) async fn look_into(
        &self,
        cx: &Context<Self>,
        newsroom: String,
        topic: String,
    ) -> Result<u32> {
        let newsroom = cx.agents().get::<Newsroom>(&newsroom)?;
        if let Some(finding) = newsroom.known(topic.clone()).await? {
            return Ok(finding.sources);
        }
        let sources = u32::try_from(topic.len())?;
        newsroom.report(Finding { topic, sources }).await?;
        Ok(sources)
    }
}

#[derive(Default)]
struct Desk;

#[agent(state = String)]
impl Desk {
    pub(crate) fn take_over(&self, cx: &Context<Self>, chief: String) -> Result<String> {
        cx.set_state(chief)?;
        self.chief(cx)
    }

    /// Whose desk it is, and of which newsroom.
    #[callable]
    fn chief(&self, cx: &Context<Self>) -> Result<String> {
        let newsroom = cx.id().parent().ok_or("a desk has a newsroom")?;
        Ok(format!("{} at {} of {}", cx.state(), cx.name(), newsroom.name()))
    }
}

fn main() -> std::process::ExitCode {
    domovoi::Domovoi::new()
        .agent::<Newsroom>()
        .agent::<Researcher>()
        .register(|agents| agents.sub_agent::<Newsroom, Desk>())
        .run()
}
