//! A function a model may call. `#[tool]` makes one of an async function.

use std::time::Duration;

use domovoi_models::ToolDefinition;
use futures::future::BoxFuture;
use serde_json::Value;

use super::ToolContext;
use crate::Result;

/// How long a tool may take, where it does not say.
pub const DEFAULT_TOOL_TIMEOUT: Duration = Duration::from_secs(300);

/// A function a model may call.
///
/// ```
/// use domovoi_agents::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct WeatherArgs {
///     /// The city's name.
///     city: String,
/// }
///
/// /// Tells the temperature in a city, in degrees Celsius.
/// #[tool]
/// async fn get_weather(args: WeatherArgs) -> Result<i32> {
///     Ok(if args.city == "Oslo" { 4 } else { 20 })
/// }
///
/// assert_eq!(get_weather.definition().name, "get_weather");
/// ```
///
/// `#[tool(needs_approval)]` asks a person before each call, `#[tool(needs_approval = too_costly)]`
/// where `fn too_costly(args: &WeatherArgs) -> bool` says so, and `#[tool(timeout_seconds = 20)]`
/// limits the time it may take.
pub trait Tool: Send + Sync + 'static {
    /// The tool as it is described to a model.
    fn definition(&self) -> ToolDefinition;

    /// Calls it. An error's text is what the model reads.
    ///
    /// # Errors
    /// Arguments that do not fit the schema, or whatever the function fails with.
    fn call(&self, cx: ToolContext, arguments: Value) -> BoxFuture<'static, Result<Value>>;

    /// Whether the arguments are what the tool takes. Asked before a person is.
    ///
    /// # Errors
    /// What is wrong with them, in words that the model reads.
    fn check(&self, arguments: &Value) -> Result<()> {
        let _ = arguments;
        Ok(())
    }

    /// Whether a person must approve a call with these arguments, which have been checked.
    fn needs_approval(&self, arguments: &Value) -> bool {
        let _ = arguments;
        false
    }

    /// How long a call may take; the model is told when it took longer.
    fn timeout(&self) -> Duration {
        DEFAULT_TOOL_TIMEOUT
    }
}
