//! What `#[agent]` writes.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::agent_impl::{AgentImpl, CallableFn, Parameter};

pub(crate) fn write(agent: &AgentImpl) -> TokenStream {
    let AgentImpl { arguments, block, trait_methods, callables, private } = agent;
    let this = &block.self_ty;
    let (generics, _, where_clause) = block.generics.split_for_impl();
    let state = match &arguments.state {
        Some(state) => quote!(#state),
        None => quote!(()),
    };
    let name = match &arguments.name {
        Some(name) => quote!(#name),
        None => quote!(stringify!(#this)),
    };
    let callables = callables.iter().map(callable);
    let private = private.iter().map(|ident| camel_case(&ident.to_string()));
    quote! {
        #block

        impl #generics ::domovoi_agents::Agent for #this #where_clause {
            type State = #state;
            const NAME: &'static str = #name;

            #(#trait_methods)*

            fn callables() -> &'static [::domovoi_agents::rpc::Callable<Self>] {
                &[#(#callables),*]
            }

            fn private_methods() -> &'static [&'static str] {
                &[#(#private),*]
            }
        }
    }
}

fn callable(method: &CallableFn) -> TokenStream {
    let CallableFn { ident, description, is_async, returns_result, parameters } = method;
    let rust_name = ident.to_string();
    let name = camel_case(&rust_name);
    let names: Vec<_> = (0..parameters.len()).map(|index| format_ident!("arg{index}")).collect();
    let takes = names.iter().zip(parameters).map(|(name, parameter)| match parameter {
        Parameter::Context => quote!(),
        Parameter::Stream => quote!(let #name = arguments.stream()?;),
        Parameter::Argument { name: text, ty } => {
            quote!(let #name: #ty = arguments.take(#text)?;)
        }
    });
    let passes = names.iter().zip(parameters).map(|(name, parameter)| match parameter {
        Parameter::Context => quote!(&cx),
        _ => quote!(#name),
    });
    let wait = is_async.then(|| quote!(.await));
    let call = quote!(this.#ident(#(#passes),*)#wait);
    let result = if *returns_result {
        quote!(#call.map_err(::domovoi_agents::HandlerError::from)?)
    } else {
        call
    };
    quote! {
        ::domovoi_agents::rpc::Callable {
            name: #name,
            rust_name: #rust_name,
            description: #description,
            call: |this, cx, arguments| ::std::boxed::Box::pin(async move {
                #[allow(unused_mut, unused_variables)]
                let (mut arguments, cx) = (arguments, cx);
                #(#takes)*
                ::domovoi_agents::rpc::result_value(#result)
            }),
        }
    }
}

/// `get_counter` -> `getCounter`.
fn camel_case(snake: &str) -> String {
    let mut words = snake.split('_').filter(|word| !word.is_empty());
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut chars = word.chars();
        name.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(chars.as_str());
    }
    name
}
