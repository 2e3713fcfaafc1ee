//! The macros of `domovoi-agents`: `#[agent]` with its `#[callable]`, and `#[tool]`.
//!
//! Each macro is a pair: what is read from the source (`AgentImpl`, `ToolFn`) and what is written
//! from that.

mod agent;
mod agent_impl;
mod tool;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes an agent of an `impl` block.
///
/// `#[agent(state = MyState, name = "my-agent")]`; both are optional: without `state` the agent
/// has none, without `name` it is named after its type. Methods named as those of the trait `Agent`
/// (`on_connect`, `initial_state`, ...) become the trait's; methods marked `#[callable]` can be
/// called by clients; all others stay the type's own.
///
/// A callable method takes `&self`, then any of: `cx: &Context<Self>`, one `StreamingResponse`,
/// and the call's arguments in order. It may be `async` and may return a `Result`.
#[proc_macro_attribute]
pub fn agent(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as agent_impl::Arguments);
    let block = parse_macro_input!(item as syn::ItemImpl);
    agent_impl::AgentImpl::read(arguments, block)
        .map(|agent| agent::write(&agent))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a tool of an async function with a doc comment and one argument, a struct that derives
/// `Deserialize` and `JsonSchema`; a second argument of type `ToolContext` may follow.
#[proc_macro_attribute]
pub fn tool(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let _ = parse_macro_input!(arguments as syn::parse::Nothing);
    let function = parse_macro_input!(item as syn::ItemFn);
    tool::expand(function).unwrap_or_else(syn::Error::into_compile_error).into()
}
