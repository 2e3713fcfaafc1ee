//! What a `#[callable]` method becomes: an entry of the table of methods that clients call.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use crate::method::{Method, Parameter, Variables};

pub(crate) fn entry(agent: &Type, method: &Method) -> TokenStream {
    let (name, rust_name, description) =
        (method.wire_name(), method.rust_name(), method.description());
    let (streams, cfgs) = (method.streams(), &method.cfgs);
    let variables = Variables::default();
    let Variables { this, cx, stream, connection } = &variables;
    let takes = method.parameters.iter().map(|parameter| match parameter {
        Parameter::Context => quote!(),
        Parameter::Connection => quote!(let #connection = arguments.connection()?;),
        Parameter::Stream => quote!(let #stream = arguments.stream()?;),
        Parameter::Argument { name, ty } => {
            let text = name.to_string();
            quote!(let #name = arguments.take::<#ty>(#text)?;)
        }
    });
    let call = method.value(agent, &variables);
    let schemas = method.arguments().map(|(name, ty)| {
        let name = name.to_string();
        quote! {
            ::domovoi_agents::rpc::ArgumentInfo {
                name: #name,
                schema: (&::domovoi_agents::__private::SchemaOf::<#ty>::NEW).schema(),
            }
        }
    });
    quote! {
        #(#cfgs)*
        ::domovoi_agents::rpc::Callable {
            name: #name,
            rust_name: #rust_name,
            description: #description,
            streams: #streams,
            arguments: || {
                #[allow(unused_imports)]
                use ::domovoi_agents::__private::{AnySchema as _, KnownSchema as _};
                ::std::vec![#(#schemas),*]
            },
            call: |#this, #cx, arguments| ::std::boxed::Box::pin(async move {
                #[allow(unused_mut, unused_variables)]
                let (mut arguments, #cx) = (arguments, #cx);
                #(#takes)*
                let result = #call;
                arguments.answer(&result)
            }),
        }
    }
}
