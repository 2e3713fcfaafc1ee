//! Requests to the server, in the browser. Elsewhere nothing is asked: the server renders from
//! its own data.

use domovoi_client::{AgentOptions, chat::HistoryPage};
use domovoi_protocol::chat::MessageVersions;

use serde_json::Value;

#[cfg(target_arch = "wasm32")]
use crate::language::t;
use crate::types::{HighlightRequest, HighlightResponse};

/// The newest page of a conversation, or the one before the message `before`; nothing where it
/// could not be had.
#[cfg(target_arch = "wasm32")]
pub async fn history(options: &AgentOptions, before: Option<&str>) -> Option<HistoryPage> {
    domovoi_client::fetch_page(options, before, HistoryPage::SIZE).await.ok()
}

/// The newest page of a conversation, or the one before the message `before`; nothing where it
/// could not be had.
#[cfg(not(target_arch = "wasm32"))]
pub async fn history(_options: &AgentOptions, _before: Option<&str>) -> Option<HistoryPage> {
    None
}

/// The messages of a conversation that have several versions; nothing where that could not be had.
#[cfg(target_arch = "wasm32")]
pub async fn versions(options: &AgentOptions) -> Option<Vec<MessageVersions>> {
    domovoi_client::fetch_versions(options).await.ok()
}

/// The messages of a conversation that have several versions; nothing where that could not be had.
#[cfg(not(target_arch = "wasm32"))]
pub async fn versions(_options: &AgentOptions) -> Option<Vec<MessageVersions>> {
    None
}

/// What a path of this server answers to a question, or to a plain `GET` where there is none; the
/// error is for a person to read.
#[cfg(target_arch = "wasm32")]
pub async fn ask(path: String, question: Option<Value>) -> Result<Value, String> {
    use gloo_net::http::Request;
    let failed = |_| t().domovoi_cannot_be_reached().to_owned();
    let request = match question {
        Some(question) => Request::post(&path).json(&question),
        None => Request::get(&path).build(),
    };
    let response = request.map_err(failed)?.send().await.map_err(failed)?;
    let answer: Value = response.json().await.map_err(failed)?;
    match response.ok() {
        true => Ok(answer),
        false => Err(answer["error"]["message"].as_str().unwrap_or(t().that_failed()).to_owned()),
    }
}

/// What a path of this server answers to a question, or to a plain `GET` where there is none; the
/// error is for a person to read.
#[cfg(not(target_arch = "wasm32"))]
pub async fn ask(_path: String, _question: Option<Value>) -> Result<Value, String> {
    Ok(Value::Null)
}

/// Highlighted code; nothing where it could not be had.
#[cfg(target_arch = "wasm32")]
pub async fn highlight(request: &HighlightRequest) -> Option<HighlightResponse> {
    let request = gloo_net::http::Request::post("/api/highlight").json(request).ok()?;
    let response = request.send().await.ok().filter(gloo_net::http::Response::ok)?;
    response.json().await.ok()
}

/// Highlighted code; nothing where it could not be had.
#[cfg(not(target_arch = "wasm32"))]
pub async fn highlight(_request: &HighlightRequest) -> Option<HighlightResponse> {
    None
}

/// Uploads a file to a conversation; the part of a message that has it.
///
/// # Errors
/// What is wrong with it, or with the way there, in words for a person.
#[cfg(target_arch = "wasm32")]
pub async fn upload(
    folder: &str,
    name: &str,
    file: leptos::wasm_bindgen::JsValue,
) -> Result<domovoi_protocol::Part, String> {
    let encoded = String::from(js_sys::encode_uri_component(name));
    let named = t().quoted(name);
    let answer = post_file(&format!("{folder}?name={encoded}"), file, &named).await?;
    serde_json::from_value(answer).map_err(|_| t().file_not_taken().to_owned())
}

/// Uploads a file to a conversation; the part of a message that has it.
///
/// # Errors
/// Always: there are no files here.
#[cfg(not(target_arch = "wasm32"))]
pub async fn upload(
    _folder: &str,
    _name: &str,
    _file: leptos::wasm_bindgen::JsValue,
) -> Result<domovoi_protocol::Part, String> {
    Err("Files are attached in a browser.".to_owned())
}

/// Imports a file of conversations; how many there were and what was left out, in words.
///
/// # Errors
/// What is wrong with it, in words for a person.
#[cfg(target_arch = "wasm32")]
pub async fn import(file: leptos::wasm_bindgen::JsValue) -> Result<String, String> {
    let path = format!("/agents/{}/default/import", crate::types::CONVERSATIONS_AGENT);
    let answer = post_file(&path, file, t().the_file()).await?;
    Ok(answer["message"].as_str().unwrap_or_default().to_owned())
}

/// Imports a file of conversations; how many there were and what was left out, in words.
///
/// # Errors
/// Always: there are no files here.
#[cfg(not(target_arch = "wasm32"))]
pub async fn import(_file: leptos::wasm_bindgen::JsValue) -> Result<String, String> {
    Err("Files are imported in a browser.".to_owned())
}

#[cfg(target_arch = "wasm32")]
async fn post_file(
    path: &str,
    file: leptos::wasm_bindgen::JsValue,
    name: &str,
) -> Result<serde_json::Value, String> {
    let unreachable = |_| t().did_not_reach_the_server(name);
    let request = gloo_net::http::Request::post(path).body(file).map_err(unreachable)?;
    let response = request.send().await.map_err(unreachable)?;
    let ok = response.ok();
    let answer: serde_json::Value = response.json().await.map_err(unreachable)?;
    if ok {
        return Ok(answer);
    }
    let message = answer["error"]["message"].as_str();
    Err(message.unwrap_or(t().file_not_taken()).to_owned())
}
