//! What `#[tool]` reads and writes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Error, FnArg, Ident, ItemFn, LitInt, Path, Result, Token,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
    spanned::Spanned,
};

use crate::method::doc_comment;

/// What stands in the brackets of `#[tool(...)]`.
#[derive(Default)]
pub(crate) struct Options {
    /// Whether a person must approve a call: always, or where a function says so.
    approval: Option<Option<Path>>,
    timeout_seconds: Option<LitInt>,
}

/// One of them.
enum Choice {
    Approval(Option<Path>),
    Timeout(LitInt),
}

impl Parse for Choice {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name: Ident = input.parse()?;
        let value = input.parse::<Option<Token![=]>>()?.is_some();
        match (name.to_string().as_str(), value) {
            ("needs_approval", false) => Ok(Self::Approval(None)),
            ("needs_approval", true) => input.parse().map(|path| Self::Approval(Some(path))),
            ("timeout_seconds", true) => input.parse().map(Self::Timeout),
            _ => Err(Error::new(
                name.span(),
                "a tool knows `needs_approval`, `needs_approval = path::of_a_function` and \
                 `timeout_seconds = 20`",
            )),
        }
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        for choice in Punctuated::<Choice, Token![,]>::parse_terminated(input)? {
            match choice {
                Choice::Approval(path) => options.approval = Some(path),
                Choice::Timeout(seconds) => options.timeout_seconds = Some(seconds),
            }
        }
        Ok(options)
    }
}

impl Options {
    /// The methods of `Tool` that are not as by default.
    fn methods(&self, arguments: &syn::Type) -> TokenStream {
        let approval = self.approval.as_ref().map(|path| {
            let needed = match path {
                None => quote!(true),
                Some(path) => quote! {
                    match ::domovoi_agents::__private::read_tool_arguments::<#arguments>(arguments) {
                        Ok(arguments) => #path(&arguments),
                        // What cannot be read does not run without a person.
                        Err(_) => true,
                    }
                },
            };
            quote! {
                fn needs_approval(
                    &self,
                    arguments: &::domovoi_agents::__private::serde_json::Value,
                ) -> bool {
                    let _ = arguments;
                    #needed
                }
            }
        });
        let timeout = self.timeout_seconds.as_ref().map(|seconds| {
            quote! {
                fn timeout(&self) -> ::std::time::Duration {
                    ::std::time::Duration::from_secs(#seconds)
                }
            }
        });
        quote!(#approval #timeout)
    }
}

pub(crate) fn expand(mut function: ItemFn, options: &Options) -> Result<TokenStream> {
    let description = doc_comment(&function.attrs);
    let ident = function.sig.ident.clone();
    if description.is_empty() {
        return Err(Error::new(ident.span(), "a tool needs a doc comment: the model reads it"));
    }
    if function.sig.asyncness.is_none() {
        return Err(Error::new(function.sig.span(), "a tool is an `async fn`"));
    }
    let mut types = function.sig.inputs.iter().map(|input| match input {
        FnArg::Typed(typed) => Ok(&typed.ty),
        FnArg::Receiver(receiver) => Err(Error::new(receiver.span(), "a tool has no `self`")),
    });
    let Some(arguments) = types.next().transpose()? else {
        return Err(Error::new(
            ident.span(),
            "a tool takes one argument: a struct that derives `Deserialize` and `JsonSchema`",
        ));
    };
    let context = types.next().transpose()?.map(|_| quote!(, cx));
    if let Some(third) = types.next() {
        return Err(Error::new(third?.span(), "a tool takes its arguments and a `ToolContext`"));
    }
    let arguments = arguments.clone();
    let chosen = options.methods(&arguments);
    let name = ident.to_string();
    let visibility = function.vis.clone();
    let docs: Vec<_> =
        function.attrs.iter().filter(|a| a.path().is_ident("doc")).cloned().collect();
    function.vis = syn::Visibility::Inherited;
    Ok(quote! {
        #(#docs)*
        #[allow(non_camel_case_types)]
        #[derive(Debug, Clone, Copy, Default)]
        #visibility struct #ident;

        impl ::domovoi_agents::chat::Tool for #ident {
            fn definition(&self) -> ::domovoi_agents::__private::ToolDefinition {
                ::domovoi_agents::__private::ToolDefinition {
                    name: #name.to_owned(),
                    description: #description.to_owned(),
                    parameters: ::domovoi_agents::__private::schemars::schema_for!(#arguments)
                        .to_value(),
                }
            }

            fn check(
                &self,
                arguments: &::domovoi_agents::__private::serde_json::Value,
            ) -> ::domovoi_agents::Result<()> {
                ::domovoi_agents::__private::read_tool_arguments::<#arguments>(arguments).map(drop)
            }

            #chosen

            fn call(
                &self,
                cx: ::domovoi_agents::chat::ToolContext,
                arguments: ::domovoi_agents::__private::serde_json::Value,
            ) -> ::domovoi_agents::__private::BoxFuture<
                'static,
                ::domovoi_agents::Result<::domovoi_agents::__private::serde_json::Value>,
            > {
                #function
                ::std::boxed::Box::pin(async move {
                    let _ = &cx;
                    let arguments: #arguments =
                        ::domovoi_agents::__private::read_tool_arguments(&arguments)?;
                    let answer = #ident(arguments #context)
                        .await
                        .map_err(::domovoi_agents::HandlerError::from)?;
                    Ok(::domovoi_agents::__private::serde_json::to_value(answer)?)
                })
            }
        }
    })
}
