//! An agent that turns a sentence into a value of a type, with whichever model is configured.

use std::process::ExitCode;

use domovoi_agents::{chat::generate_object, prelude::*};

/// What somebody wants to be reminded of.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Errand {
    /// What is to be done, in a few words.
    #[schemars(length(max = 60))]
    what: String,
    urgency: Urgency,
    /// How many minutes it takes.
    #[schemars(range(min = 1, max = 480))]
    minutes: u32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Urgency {
    Today,
    Soon,
    Whenever,
}

#[derive(Default)]
struct Notebook;

#[agent]
impl Notebook {
    /// Makes an errand of what somebody says.
    #[callable]
    async fn note(&self, cx: &Context<Self>, words: String) -> Result<Errand> {
        let prompt = format!("Make an errand of this: {words}");
        Ok(generate_object(&*cx.model("default")?, prompt.as_str()).await?)
    }
}

fn main() -> ExitCode {
    domovoi::Domovoi::new().agent::<Notebook>().run()
}
