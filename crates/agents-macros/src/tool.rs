//! What `#[tool]` reads and writes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, FnArg, ItemFn, Result, spanned::Spanned};

use crate::method::doc_comment;

pub(crate) fn expand(mut function: ItemFn) -> Result<TokenStream> {
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
                        ::domovoi_agents::__private::serde_json::from_value(arguments)?;
                    let answer = #ident(arguments #context)
                        .await
                        .map_err(::domovoi_agents::HandlerError::from)?;
                    Ok(::domovoi_agents::__private::serde_json::to_value(answer)?)
                })
            }
        }
    })
}
