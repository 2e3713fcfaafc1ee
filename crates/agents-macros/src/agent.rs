//! What `#[agent]` writes: the trait, with tables of what can be called by name.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Type, parse_quote};

use crate::{
    agent_impl::AgentImpl,
    callable,
    method::{camel_case, last_segment},
    stub, task,
};

pub(crate) fn write(agent: &AgentImpl) -> TokenStream {
    let AgentImpl { arguments, block, trait_methods, callables, tasks, stubs, private } = agent;
    let this = &*block.self_ty;
    let (generics, _, where_clause) = block.generics.split_for_impl();
    let state: Type = arguments.state.clone().unwrap_or_else(|| parse_quote!(()));
    let type_name = last_segment(this).map(ToString::to_string).unwrap_or_default();
    let name = match &arguments.name {
        Some(name) => quote!(#name),
        None => quote!(#type_name),
    };
    let stub_name = format_ident!("{type_name}Stub");
    let stub_type = stub::type_of(&stub_name, &block.generics);
    let stub = stub::write(&stub_name, block, stubs);
    let callables = callables.iter().map(|method| callable::entry(this, method));
    let tasks = tasks.iter().map(|method| task::entry(this, method));
    let mut private: Vec<String> = private
        .iter()
        .map(ToString::to_string)
        .flat_map(|rust_name| [camel_case(&rust_name), rust_name])
        .collect();
    private.dedup();
    quote! {
        #block

        const _: () = {
            #stub

            impl #generics ::domovoi_agents::Agent for #this #where_clause {
                type State = #state;
                type Stub = #stub_type;
                const NAME: &'static str = #name;

                #(#trait_methods)*

                fn callables() -> &'static [::domovoi_agents::rpc::Callable<Self>] {
                    &[#(#callables),*]
                }

                fn private_methods() -> &'static [&'static str] {
                    &[#(#private),*]
                }

                fn tasks() -> &'static [::domovoi_agents::TaskEntry<Self>] {
                    &[#(#tasks),*]
                }
            }
        };
    }
}
