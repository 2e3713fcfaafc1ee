//! What the models of the host may call.

#![allow(non_snake_case, reason = "tools have the names that JavaScript gives them")]

use std::{sync::Arc, time::Duration};

use domovoi_agents::{chat::Tool, prelude::*};
use serde_json::{Value, json};
use tokio::time::sleep;

/// All tools.
pub(crate) fn all() -> Vec<Arc<dyn Tool>> {
    vec![Arc::new(getWeather), Arc::new(slowTool)]
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
struct Nothing {}

/// Takes three seconds.
#[tool]
async fn slowTool(_nothing: Nothing) -> Result<Value> {
    sleep(Duration::from_secs(3)).await;
    Ok(json!({"slept": 3}))
}
