//! What the macros read from the signature of one method.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, Error, Expr, FnArg, Ident, ImplItemFn, Lit, Meta, Pat, Result, ReturnType, Type,
    TypePath, Visibility, spanned::Spanned,
};

/// A method that the runtime calls: from a frame, from a schedule, from a handle.
pub(crate) struct Method {
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    /// Its doc comment and its `#[cfg]`s: what everything written for it carries as well.
    pub(crate) docs: Vec<Attribute>,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) is_async: bool,
    pub(crate) output: Output,
    pub(crate) parameters: Vec<Parameter>,
}

/// What a method returns.
pub(crate) enum Output {
    Unit,
    Plain(Type),
    /// Some `Result`, whatever its error.
    Result(Type),
}

/// A parameter of a method after `&self`.
pub(crate) enum Parameter {
    Context,
    Connection,
    Stream,
    Argument { name: Ident, ty: Box<Type> },
}

impl Method {
    /// `what` begins the sentence that says what is wrong: `a callable method`, `a task`.
    pub(crate) fn read(method: &ImplItemFn, what: &str) -> Result<Self> {
        let signature = &method.sig;
        let mut inputs = signature.inputs.iter();
        match inputs.next() {
            Some(FnArg::Receiver(receiver))
                if receiver.reference.is_some() && receiver.mutability.is_none() => {}
            Some(FnArg::Receiver(receiver)) => {
                return Err(Error::new_spanned(receiver, takes_self(what)));
            }
            _ => return Err(Error::new_spanned(&signature.ident, takes_self(what))),
        }
        if !signature.generics.params.is_empty() {
            let error = format!("{what} has no type parameters and no lifetimes");
            return Err(Error::new_spanned(&signature.generics, error));
        }
        let output = Output::read(&signature.output);
        if let Output::Plain(ty) | Output::Result(ty) = &output
            && borrows(ty.to_token_stream())
        {
            return Err(Error::new_spanned(ty, format!("{what} answers an owned value")));
        }
        let parameters =
            inputs.enumerate().map(|(index, input)| Parameter::read(index, input, what));
        Ok(Self {
            ident: signature.ident.clone(),
            visibility: method.vis.clone(),
            docs: attributes(method, "doc"),
            cfgs: attributes(method, "cfg"),
            is_async: signature.asyncness.is_some(),
            output,
            parameters: parameters.collect::<Result<_>>()?,
        })
    }

    /// Its name on the wire and in the database.
    pub(crate) fn wire_name(&self) -> String {
        camel_case(&self.rust_name())
    }

    pub(crate) fn rust_name(&self) -> String {
        self.ident.to_string().trim_start_matches("r#").to_owned()
    }

    pub(crate) fn description(&self) -> String {
        doc_comment(&self.docs)
    }

    pub(crate) fn streams(&self) -> bool {
        self.parameters.iter().any(|parameter| matches!(parameter, Parameter::Stream))
    }

    /// The arguments of a call, without what the runtime passes.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = (&Ident, &Type)> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Argument { name, ty } => Some((name, &**ty)),
            _ => None,
        })
    }

    /// A call of the method of `agent`: its value, or `?` of its error as a `HandlerError`. What
    /// it takes is in variables of these names.
    pub(crate) fn value(&self, agent: &Type, names: &Variables) -> TokenStream {
        let call = self.call(agent, names);
        match self.output {
            Output::Result(_) => quote!(#call.map_err(::domovoi_agents::HandlerError::from)?),
            Output::Unit | Output::Plain(_) => call,
        }
    }

    /// As [`Method::value`], but a `Result<T, HandlerError>` in any case.
    pub(crate) fn result(&self, agent: &Type, names: &Variables) -> TokenStream {
        let call = self.call(agent, names);
        match self.output {
            Output::Result(_) => quote!(#call.map_err(::domovoi_agents::HandlerError::from)),
            Output::Unit | Output::Plain(_) => quote!(Ok(#call)),
        }
    }

    fn call(&self, agent: &Type, names: &Variables) -> TokenStream {
        let Variables { this, cx, stream, connection } = names;
        let passes = self.parameters.iter().map(|parameter| match parameter {
            Parameter::Context => quote!(&#cx),
            Parameter::Connection => quote!(&#connection),
            Parameter::Stream => quote!(#stream),
            Parameter::Argument { name, .. } => quote!(#name),
        });
        let ident = &self.ident;
        let wait = self.is_async.then(|| quote!(.await));
        quote!(<#agent>::#ident(&#this, #(#passes),*)#wait)
    }
}

/// The variables that what is written uses; their names cannot clash with a person's.
pub(crate) struct Variables {
    pub(crate) this: Ident,
    pub(crate) cx: Ident,
    pub(crate) stream: Ident,
    pub(crate) connection: Ident,
}

impl Default for Variables {
    fn default() -> Self {
        let name = |name| Ident::new(name, proc_macro2::Span::mixed_site());
        Self {
            this: name("this"),
            cx: name("cx"),
            stream: name("stream"),
            connection: name("connection"),
        }
    }
}

fn takes_self(what: &str) -> String {
    format!("{what} takes `&self`; what changes belongs into the state")
}

impl Output {
    fn read(output: &ReturnType) -> Self {
        match output {
            ReturnType::Default => Self::Unit,
            ReturnType::Type(_, ty) if last_segment(ty).is_some_and(|ident| ident == "Result") => {
                Self::Result((**ty).clone())
            }
            ReturnType::Type(_, ty) => Self::Plain((**ty).clone()),
        }
    }
}

impl Parameter {
    fn read(index: usize, input: &FnArg, what: &str) -> Result<Self> {
        let FnArg::Typed(typed) = input else {
            return Err(Error::new_spanned(input, "unexpected `self`"));
        };
        if let Type::Reference(reference) = &*typed.ty {
            match last_segment(&reference.elem) {
                Some(ident) if ident == "Context" => return Ok(Self::Context),
                Some(ident) if ident == "Connection" => return Ok(Self::Connection),
                _ => {}
            }
        }
        if borrows(typed.ty.to_token_stream()) {
            let error = format!("an argument of {what} is an owned value, such as `String`");
            return Err(Error::new_spanned(&typed.ty, error));
        }
        if last_segment(&typed.ty).is_some_and(|ident| ident == "StreamingResponse") {
            return Ok(Self::Stream);
        }
        let name = match &*typed.pat {
            Pat::Ident(pattern) => pattern.ident.clone(),
            pattern => format_ident!("argument{}", index, span = pattern.span()),
        };
        Ok(Self::Argument { name, ty: typed.ty.clone() })
    }
}

/// Whether a type borrows from somewhere or is an `impl Trait`.
fn borrows(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match &token {
            // `&'static` is checked with the lifetime that comes next.
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'')
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                !matches!(tokens.peek(), Some(TokenTree::Ident(ident)) if ident == "static")
            }
            TokenTree::Ident(ident) => ident == "impl",
            TokenTree::Group(group) => borrows(group.stream()),
            _ => false,
        };
        if found {
            return true;
        }
    }
    false
}

pub(crate) fn last_segment(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(TypePath { path, .. }) => path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

fn attributes(method: &ImplItemFn, name: &str) -> Vec<Attribute> {
    method.attrs.iter().filter(|attribute| attribute.path().is_ident(name)).cloned().collect()
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

/// `get_counter` -> `getCounter`.
pub(crate) fn camel_case(snake: &str) -> String {
    let mut words = snake.split('_').filter(|word| !word.is_empty());
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut chars = word.chars();
        name.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(chars.as_str());
    }
    name
}
