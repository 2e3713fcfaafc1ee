//! What a `#[task]` method becomes: a typed constant, and an entry of the table of tasks.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{
    Error, GenericArgument, Ident, ImplItem, ImplItemFn, LitStr, PathArguments, Result, Type,
    parse_quote, spanned::Spanned,
};

use crate::method::{Method, Output, Parameter, Variables};

/// Reads a task's method, whose rules are stricter than those of other methods.
pub(crate) fn read(method: &ImplItemFn) -> Result<Method> {
    let read = Method::read(method, "a task")?;
    let mut payloads = 0;
    for (parameter, input) in read.parameters.iter().zip(method.sig.inputs.iter().skip(1)) {
        match parameter {
            Parameter::Context => {}
            Parameter::Argument { .. } => payloads += 1,
            Parameter::Connection | Parameter::Stream => {
                let error = "a task runs by itself: no connection waits for it";
                return Err(Error::new_spanned(input, error));
            }
        }
        if payloads > 1 {
            let error = "a task has at most one payload; put several values into a struct";
            return Err(Error::new_spanned(input, error));
        }
    }
    match &read.output {
        Output::Plain(ty) if !is_unit(ty) => Err(no_value(ty)),
        Output::Result(ty) if first_argument(ty).is_some_and(|ok| !is_unit(ok)) => {
            Err(no_value(ty))
        }
        _ => Ok(read),
    }
}

fn no_value(ty: &Type) -> Error {
    Error::new_spanned(ty, "a task returns `()` or `Result<()>`: nobody waits for a value")
}

fn is_unit(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// `T` of `Result<T, E>`.
fn first_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

fn payload(method: &Method) -> (Ident, Type) {
    match method.arguments().next() {
        Some((name, ty)) => (name.clone(), ty.clone()),
        None => (Ident::new("nothing", Span::mixed_site()), parse_quote!(())),
    }
}

/// `pub const SEND_REMINDER: Task<Self, String>`.
pub(crate) fn constant(method: &Method) -> ImplItem {
    let (docs, cfgs, visibility) = (&method.docs, &method.cfgs, &method.visibility);
    let constant =
        format_ident!("{}", method.rust_name().to_uppercase(), span = method.ident.span());
    let (_, ty) = payload(method);
    // With this span a payload that is no JSON is underlined, and not the whole agent.
    let name = LitStr::new(&method.wire_name(), ty.span());
    let task = quote_spanned!(ty.span()=> ::domovoi_agents::Task::<Self, #ty>::new(#name));
    parse_quote! {
        #(#docs)*
        #(#cfgs)*
        #[allow(dead_code)]
        #visibility const #constant: ::domovoi_agents::Task<Self, #ty> =
            #task;
    }
}

pub(crate) fn entry(agent: &Type, method: &Method) -> TokenStream {
    let cfgs = &method.cfgs;
    let (name, (variable, ty)) = (method.wire_name(), payload(method));
    let variables = Variables::default();
    let Variables { this, cx, .. } = &variables;
    let call = method.value(agent, &variables);
    quote! {
        #(#cfgs)*
        ::domovoi_agents::TaskEntry {
            name: #name,
            run: |#this, #cx, payload| ::domovoi_agents::__private::run_task::<#ty, _>(
                #name,
                payload,
                move |#variable: #ty| async move {
                    let _ = (&#cx, &#variable);
                    #call;
                    Ok(())
                },
            ),
        }
    }
}
