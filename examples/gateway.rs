//! An agent that asks for a model by the name of a route. Which models stand behind it, what they
//! may cost and for how long an answer is given again is in `domovoi.toml`; see
//! `docs/guide/gateway.md`.

use std::{process::ExitCode, time::Duration};

use domovoi_agents::prelude::*;
use domovoi_models::{ModelEvent, ModelMessage, ModelRequest};
use futures::StreamExt;

#[derive(Default)]
struct Namer;

#[agent]
impl Namer {
    /// Suggests a name; the same one for an hour.
    #[callable]
    async fn suggest(&self, cx: &Context<Self>, person: String, thing: String) -> Result<String> {
        let content =
            format!("Suggest a name for this: {thing}. Answer with the name only.").into();
        let mut request = ModelRequest::new(vec![ModelMessage::User { content }]);
        request.metadata.user = Some(person);
        request.metadata.cache_ttl = Some(Duration::from_secs(3600));

        let model = cx.model("fast")?;
        let mut events = model.stream(request).await?;
        let mut name = String::new();
        while let Some(event) = events.next().await {
            if let ModelEvent::Text(text) = event? {
                name.push_str(&text);
            }
        }
        Ok(name)
    }
}

fn main() -> ExitCode {
    domovoi::Domovoi::new().agent::<Namer>().run()
}
