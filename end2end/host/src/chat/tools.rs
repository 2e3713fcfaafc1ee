//! What the models of the host may call.

#![allow(non_snake_case, reason = "tools have the names that JavaScript gives them")]

use std::{sync::Arc, time::Duration};

use domovoi_agents::{chat::Tool, prelude::*};
use domovoi_protocol::tool::ClientTool;
use serde_json::{Value, json};
use tokio::time::sleep;

/// All tools.
pub(crate) fn all() -> Vec<Arc<dyn Tool>> {
    vec![Arc::new(getWeather), Arc::new(deleteFile), Arc::new(slowTool)]
}

#[derive(Deserialize, JsonSchema)]
struct City {
    /// The city's name.
    city: String,
}

/// Tells the temperature in a city, in degrees Celsius.
#[tool]
async fn getWeather(args: City) -> Result<Value> {
    Ok(json!({"city": args.city, "temperature": 4}))
}

#[derive(Deserialize, JsonSchema)]
struct File {
    /// The file's path.
    path: String,
}

/// Deletes a file, or would.
#[tool(needs_approval)]
async fn deleteFile(file: File) -> Result<Value> {
    Ok(json!({"deleted": file.path}))
}

/// The tool that runs in the browser.
pub(crate) fn get_timezone() -> ClientTool {
    ClientTool {
        name: "getTimezone".to_owned(),
        description: Some("Tells the person's time zone.".to_owned()),
        parameters: Some(json!({"type": "object", "properties": {}})),
    }
}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

/// Takes three seconds, and tells how many are over.
#[tool]
async fn slowTool(_nothing: Nothing, cx: ToolContext) -> Result<Value> {
    for seconds in 0..3 {
        cx.progress(&json!({"slept": seconds}))?;
        sleep(Duration::from_secs(1)).await;
    }
    Ok(json!({"slept": 3}))
}
