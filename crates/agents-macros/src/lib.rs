//! The macros of `domovoi-agents`: `#[agent]` with its `#[callable]` and `#[task]`, `#[tool]`,
//! and `sql!`.
//!
//! What is read from the source is apart from what is written: `agent_impl` and `method` read
//! what `agent`, `callable`, `stub` and `task` write from.

mod agent;
mod agent_impl;
mod callable;
mod method;
mod sql;
mod stub;
mod task;
mod tool;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes an agent of an `impl` block.
///
/// `#[agent(state = MyState, name = "my-agent")]`; both are optional: without `state` the agent
/// has none, without `name` it is named after its type. Methods named as those of the trait `Agent`
/// (`on_connect`, `initial_state`, ...) become the trait's; all others stay the type's own, and may
/// be marked:
///
/// - [`macro@callable`]: clients can call it;
/// - [`macro@task`]: it can be scheduled and queued.
///
/// Methods that are callable, and those that are `pub` to some extent, take `&self` and own their
/// other arguments, are methods of the typed handle as well:
/// `agents.get::<Counter>("main")?.increment().await?`. They take there what they take here, but
/// `cx`, and answer a `Result<T, AgentError>`, where `T` is what they return or the `Ok` of that.
/// One that streams answers a `ResultStream` there. Methods for which this does not fit go into
/// another `impl` block, without `#[agent]`.
#[proc_macro_attribute]
pub fn agent(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as agent_impl::Arguments);
    let block = parse_macro_input!(item as syn::ItemImpl);
    agent_impl::AgentImpl::read(arguments, block)
        .map(|agent| agent::write(&agent))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Lets clients call a method, on an `#[agent]` block; its name on the wire is in camelCase.
///
/// A callable method takes `&self`, then in any order: `cx: &Context<Self>`, the caller's
/// `connection: &Connection`, one `StreamingResponse`, and the call's arguments, which are owned
/// values that can be read from JSON. It may be `async` and may return a `Result`. What it
/// returns is `'static` and can be written as JSON. Its doc comment is its description, and
/// arguments that implement `JsonSchema` have a schema, in `rpc::methods`.
///
/// With `connection` it is for connected clients only: handles do not have it.
#[proc_macro_attribute]
pub fn callable(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    misplaced("callable", item)
}

/// Lets a method be scheduled and queued, on an `#[agent]` block: `send_reminder` gets the constant
/// `Self::SEND_REMINDER`, a `Task`, which knows the type of its payload.
///
/// A task takes `&self`, `cx: &Context<Self>` where it wants it, and at most one payload, an owned
/// value that can be written as JSON and read from it. It may be `async`, and returns `()` or a
/// `Result<()>`. Its stored name is in camelCase; a task that is renamed does not find what was
/// scheduled under its old name.
#[proc_macro_attribute]
pub fn task(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    misplaced("task", item)
}

/// Within `#[agent]` the attribute is gone before it is expanded.
fn misplaced(name: &str, item: TokenStream) -> TokenStream {
    let error = format!("`#[{name}]` goes on a method of an `#[agent] impl MyAgent {{ ... }}`");
    let mut tokens: TokenStream =
        syn::Error::new(proc_macro2::Span::call_site(), error).into_compile_error().into();
    tokens.extend(item);
    tokens
}

/// Makes a tool of an async function with a doc comment and one argument, a struct that derives
/// `Deserialize` and `JsonSchema`; a second argument of type `ToolContext` may follow.
///
/// `needs_approval` has a person asked before each call, `needs_approval = path` where that function
/// of the arguments says so, and `timeout_seconds = 20` limits the time a call may take.
#[proc_macro_attribute]
pub fn tool(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(arguments as tool::Options);
    let function = parse_macro_input!(item as syn::ItemFn);
    tool::expand(function, &options).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Runs one SQL statement on an instance's database: `sql!(cx, "SELECT ... WHERE age > {age}")`.
///
/// An expression in braces is bound as a parameter and never becomes text of the statement; it
/// implements `rusqlite::ToSql`. `{{` and `}}` are braces. A statement that answers rows
/// (`SELECT`, `WITH`, `VALUES`, `PRAGMA`, `EXPLAIN`, and whatever has `RETURNING`) is a
/// `Result<Vec<T>, AgentError>` as from `Sql::query`, any other a `Result<usize, AgentError>` as
/// from `Sql::execute`.
#[proc_macro]
pub fn sql(input: TokenStream) -> TokenStream {
    let statement = parse_macro_input!(input as sql::Statement);
    sql::write(&statement).into()
}
