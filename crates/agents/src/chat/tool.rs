//! A function a model may call. `#[tool]` makes one of an async function.

use domovoi_models::ToolDefinition;
use futures::future::BoxFuture;
use serde_json::Value;

use crate::Result;

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
pub trait Tool: Send + Sync + 'static {
    /// The tool as it is described to a model.
    fn definition(&self) -> ToolDefinition;

    /// Calls it. An error's text is what the model reads.
    ///
    /// # Errors
    /// Arguments that do not fit the schema, or whatever the function fails with.
    fn call(&self, cx: ToolContext, arguments: Value) -> BoxFuture<'static, Result<Value>>;
}

/// What a tool knows about the call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ToolContext {
    /// The call's id.
    pub tool_call_id: String,
}
