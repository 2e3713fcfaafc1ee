//! The methods a typed handle has: a struct of its own for each agent, to which
//! `AgentHandle` dereferences.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Generics, Ident, ItemImpl, Type};

use crate::method::{Method, Output, Variables};

/// The stub's type: its name with the parameters of the agent's type.
pub(crate) fn type_of(name: &Ident, generics: &Generics) -> TokenStream {
    let (_, parameters, _) = generics.split_for_impl();
    quote!(#name #parameters)
}

pub(crate) fn write(name: &Ident, block: &ItemImpl, methods: &[Method]) -> TokenStream {
    let agent = &*block.self_ty;
    let (generics, parameters, where_clause) = block.generics.split_for_impl();
    let methods = methods.iter().map(|method| match method.streams() {
        true => stream(agent, method),
        false => call(agent, method),
    });
    quote! {
        #[doc(hidden)]
        #[allow(unreachable_pub, unnameable_types)]
        pub struct #name #generics (::domovoi_agents::__private::Mailbox<#agent>) #where_clause;

        impl #generics ::domovoi_agents::Stub<#agent> for #name #parameters #where_clause {
            fn new(mailbox: ::domovoi_agents::__private::Mailbox<#agent>) -> Self {
                Self(mailbox)
            }
        }

        #[allow(
            dead_code,
            missing_docs,
            private_interfaces,
            unreachable_pub,
            clippy::missing_errors_doc,
            clippy::too_many_arguments,
        )]
        impl #generics #name #parameters #where_clause {
            #(#methods)*
        }
    }
}

fn call(agent: &Type, method: &Method) -> TokenStream {
    let Method { ident, visibility, docs, cfgs, output, .. } = method;
    let arguments = arguments(agent, method);
    let variables = Variables::default();
    let Variables { this, cx, .. } = &variables;
    let result = method.result(agent, &variables);
    let answer = match output {
        Output::Unit => quote!(()),
        Output::Plain(ty) => without_self(ty.to_token_stream(), agent),
        Output::Result(ty) => {
            let ty = without_self(ty.to_token_stream(), agent);
            quote!(<#ty as ::domovoi_agents::__private::Outcome>::Value)
        }
    };
    quote! {
        #(#docs)*
        #(#cfgs)*
        #visibility async fn #ident(
            &self,
            #(#arguments),*
        ) -> ::core::result::Result<#answer, ::domovoi_agents::AgentError> {
            self.0.call(move |#this, #cx| async move {
                let _ = &#cx;
                #result
            }).await
        }
    }
}

fn stream(agent: &Type, method: &Method) -> TokenStream {
    let Method { ident, visibility, docs, cfgs, .. } = method;
    let arguments = arguments(agent, method);
    let variables = Variables::default();
    let Variables { this, cx, stream, .. } = &variables;
    let call = method.value(agent, &variables);
    quote! {
        #(#docs)*
        #(#cfgs)*
        #visibility fn #ident<__Item>(
            &self,
            #(#arguments),*
        ) -> ::domovoi_agents::rpc::ResultStream<__Item> {
            self.0.stream(move |#this, #cx, #stream| async move {
                let _ = &#cx;
                #call;
                Ok(())
            })
        }
    }
}

fn arguments<'a>(
    agent: &'a Type,
    method: &'a Method,
) -> impl Iterator<Item = TokenStream> + use<'a> {
    method.arguments().map(move |(name, ty)| {
        let ty = without_self(ty.to_token_stream(), agent);
        quote!(#name: #ty)
    })
}

/// A type of the agent's block, for a place where `Self` is something else.
fn without_self(tokens: TokenStream, agent: &Type) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => quote!(#agent),
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), without_self(group.stream(), agent));
            inner.set_span(group.span());
            TokenTree::Group(inner).into()
        }
        other => other.into(),
    };
    tokens.into_iter().flat_map(replace).collect()
}
