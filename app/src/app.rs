//! The application: which address shows which page.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::pages::{not_found::NotFound, workspace::WorkspacePage};

/// The application. `/` is a new conversation and `/c/{id}` an old one; both are one page, so
/// that a new conversation gets its address without being drawn or connected anew. The pages of
/// agents at work are in the same frame.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=NotFound>
                <ParentRoute path=path!("") view=WorkspacePage ssr=SsrMode::Async>
                    <Route path=path!("") view=|| () ssr=SsrMode::Async />
                    <Route path=path!("c/:id") view=|| () ssr=SsrMode::Async />
                    <Route path=path!("approvals") view=|| () ssr=SsrMode::Async />
                    <Route path=path!("tasks") view=|| () ssr=SsrMode::Async />
                    <Route path=path!("tasks/new") view=|| () ssr=SsrMode::Async />
                    <Route path=path!("agents") view=|| () ssr=SsrMode::Async />
                    <Route path=path!("prompts") view=|| () ssr=SsrMode::Async />
                    <Route path=path!("folders") view=|| () ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
    }
}
