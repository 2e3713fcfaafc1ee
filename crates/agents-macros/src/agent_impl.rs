//! What `#[agent]` reads from an `impl` block.

use syn::{
    Attribute, Error, Ident, ImplItem, ImplItemFn, ItemImpl, LitStr, Result, Token, Type,
    Visibility,
    parse::{Parse, ParseStream},
};

use crate::{
    method::{Method, Parameter},
    task,
};

/// Methods of the trait `Agent` that a person writes.
const TRAIT_METHODS: [&str; 11] = [
    "initial_state",
    "validate_state",
    "migrate_state",
    "on_start",
    "on_request",
    "on_connect",
    "on_message",
    "on_close",
    "on_error",
    "on_state_update",
    "on_runs_end",
];

/// The arguments of `#[agent(...)]`.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) state: Option<Type>,
    pub(crate) name: Option<LitStr>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            match key.to_string().as_str() {
                "state" => arguments.state = Some(input.parse()?),
                "name" => arguments.name = Some(input.parse()?),
                _ => return Err(Error::new(key.span(), "expected `state` or `name`")),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

/// An agent's `impl` block, taken apart.
pub(crate) struct AgentImpl {
    pub(crate) arguments: Arguments,
    /// The block with what stays in it.
    pub(crate) block: ItemImpl,
    pub(crate) trait_methods: Vec<ImplItemFn>,
    pub(crate) callables: Vec<Method>,
    pub(crate) tasks: Vec<Method>,
    /// What handles have: each with the visibility it has there.
    pub(crate) stubs: Vec<Method>,
    /// Names of methods that clients may not call.
    pub(crate) private: Vec<Ident>,
}

impl AgentImpl {
    pub(crate) fn read(arguments: Arguments, mut block: ItemImpl) -> Result<Self> {
        if let Some((_, path, _)) = &block.trait_ {
            return Err(Error::new_spanned(path, "`#[agent]` goes on `impl MyAgent { ... }`"));
        }
        let items = std::mem::take(&mut block.items);
        let (trait_methods, callables, tasks) = (Vec::new(), Vec::new(), Vec::new());
        let (stubs, private) = (Vec::new(), Vec::new());
        let mut agent = Self { arguments, block, trait_methods, callables, tasks, stubs, private };
        for item in items {
            match item {
                ImplItem::Fn(method) => agent.method(method)?,
                other => agent.block.items.push(other),
            }
        }
        Ok(agent)
    }

    fn method(&mut self, mut method: ImplItemFn) -> Result<()> {
        if TRAIT_METHODS.iter().any(|name| method.sig.ident == name) {
            self.trait_methods.push(method);
            return Ok(());
        }
        let is_callable = take_marker(&mut method.attrs, "callable")?;
        let is_task = take_marker(&mut method.attrs, "task")?;
        if is_callable {
            let mut stub = Method::read(&method, "a callable method")?;
            self.callables.push(Method::read(&method, "a callable method")?);
            // Every client may call it, so all of this process may.
            stub.visibility = Visibility::Public(Token![pub](stub.ident.span()));
            self.stub(stub);
        } else {
            if method.sig.receiver().is_some() {
                self.private.push(method.sig.ident.clone());
            }
            // A public method that cannot be called from elsewhere is no mistake.
            if !matches!(method.vis, Visibility::Inherited)
                && let Ok(stub) = Method::read(&method, "")
            {
                self.stub(stub);
            }
        }
        if is_task {
            let read = task::read(&method)?;
            self.block.items.push(task::constant(&read));
            self.tasks.push(read);
        }
        self.block.items.push(ImplItem::Fn(method));
        Ok(())
    }

    /// A method for a client's connection is none for code of this process.
    fn stub(&mut self, method: Method) {
        let of_connection = |parameter: &Parameter| matches!(parameter, Parameter::Connection);
        if !method.parameters.iter().any(of_connection) {
            self.stubs.push(method);
        }
    }
}

/// Whether the attribute is there; it is not any more afterwards.
fn take_marker(attributes: &mut Vec<Attribute>, name: &str) -> Result<bool> {
    let is_marker = |attribute: &Attribute| {
        attribute.path().segments.last().is_some_and(|segment| segment.ident == name)
    };
    let Some(index) = attributes.iter().position(is_marker) else { return Ok(false) };
    attributes.remove(index).meta.require_path_only()?;
    Ok(true)
}
