//! What `#[agent]` reads from an `impl` block.

use syn::{
    Attribute, Error, Expr, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, Lit, LitStr, Meta, Pat,
    Result, ReturnType, Token, Type, TypePath,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

/// Methods of the trait `Agent` that a person writes.
const TRAIT_METHODS: [&str; 9] = [
    "initial_state",
    "validate_state",
    "on_start",
    "on_request",
    "on_connect",
    "on_message",
    "on_close",
    "on_error",
    "on_state_update",
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
    pub(crate) callables: Vec<CallableFn>,
    /// Names of methods that clients may not call.
    pub(crate) private: Vec<Ident>,
}

/// A method marked `#[callable]`.
pub(crate) struct CallableFn {
    pub(crate) ident: Ident,
    pub(crate) description: String,
    pub(crate) is_async: bool,
    pub(crate) returns_result: bool,
    pub(crate) parameters: Vec<Parameter>,
}

/// A parameter of a callable method after `&self`.
pub(crate) enum Parameter {
    Context,
    Stream,
    Argument { name: String, ty: Box<Type> },
}

impl AgentImpl {
    pub(crate) fn read(arguments: Arguments, mut block: ItemImpl) -> Result<Self> {
        if let Some((_, path, _)) = &block.trait_ {
            return Err(Error::new(path.span(), "`#[agent]` goes on `impl MyAgent { ... }`"));
        }
        let (mut trait_methods, mut callables, mut private) = (Vec::new(), Vec::new(), Vec::new());
        let mut own = Vec::new();
        for item in std::mem::take(&mut block.items) {
            match item {
                ImplItem::Fn(method) if TRAIT_METHODS.contains(&name(&method).as_str()) => {
                    trait_methods.push(method);
                }
                ImplItem::Fn(mut method) => {
                    let before = method.attrs.len();
                    method.attrs.retain(|attribute| !attribute.path().is_ident("callable"));
                    if method.attrs.len() < before {
                        callables.push(CallableFn::read(&method)?);
                    } else if method.sig.receiver().is_some() {
                        private.push(method.sig.ident.clone());
                    }
                    own.push(ImplItem::Fn(method));
                }
                other => own.push(other),
            }
        }
        block.items = own;
        Ok(Self { arguments, block, trait_methods, callables, private })
    }
}

fn name(method: &ImplItemFn) -> String {
    method.sig.ident.to_string()
}

impl CallableFn {
    fn read(method: &ImplItemFn) -> Result<Self> {
        let mut inputs = method.sig.inputs.iter();
        match inputs.next() {
            Some(FnArg::Receiver(receiver))
                if receiver.reference.is_some() && receiver.mutability.is_none() => {}
            _ => {
                return Err(Error::new(
                    method.sig.ident.span(),
                    "a callable method takes `&self`; what changes belongs into the state",
                ));
            }
        }
        let parameters = inputs.map(Parameter::read).collect::<Result<_>>()?;
        let returns_result = match &method.sig.output {
            ReturnType::Type(_, ty) => last_segment(ty).is_some_and(|ident| ident == "Result"),
            ReturnType::Default => false,
        };
        Ok(Self {
            ident: method.sig.ident.clone(),
            description: doc_comment(&method.attrs),
            is_async: method.sig.asyncness.is_some(),
            returns_result,
            parameters,
        })
    }
}

impl Parameter {
    fn read(input: &FnArg) -> Result<Self> {
        let FnArg::Typed(typed) = input else {
            return Err(Error::new(input.span(), "unexpected `self`"));
        };
        if let Type::Reference(reference) = &*typed.ty {
            return if last_segment(&reference.elem).is_some_and(|ident| ident == "Context") {
                Ok(Self::Context)
            } else {
                Err(Error::new(
                    typed.ty.span(),
                    "an argument of a callable method is an owned value, such as `String`",
                ))
            };
        }
        if last_segment(&typed.ty).is_some_and(|ident| ident == "StreamingResponse") {
            return Ok(Self::Stream);
        }
        let name = match &*typed.pat {
            Pat::Ident(pattern) => pattern.ident.to_string(),
            _ => "_".to_owned(),
        };
        Ok(Self::Argument { name, ty: typed.ty.clone() })
    }
}

fn last_segment(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(TypePath { path, .. }) => path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

/// The text of a doc comment.
pub(crate) fn doc_comment(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}
