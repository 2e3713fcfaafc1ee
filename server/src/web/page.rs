//! The pages, rendered with their data.

use std::sync::Arc;

use axum::{Router, extract::Request};
use domovoi_agents::{AgentError, Agents};
use domovoi_app::{
    App, FIRST_MESSAGES, PageData,
    language::Lang,
    shell,
    types::{
        ConversationsState, SystemState,
        approvals::{ApprovalsState, ApprovalsView},
        inspect::AgentTypeView,
        prompts::PromptsState,
        tasks::TasksView,
    },
};
use domovoi_models::{LanguageModel, ModelStatus, gateway::Payer};
use domovoi_protocol::UiMessage;
use futures::future::{BoxFuture, FutureExt};
use http::{HeaderValue, StatusCode, header};
use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::*};
use leptos_axum::{
    LeptosRoutes, ResponseOptions, generate_route_list, render_app_to_stream_with_context,
};
use tokio::sync::watch;

use super::{assets, csp_report, inspect};
use crate::agents::{Approvals, Assistant, Conversations, DEFAULT, Prompts, Tasks, system_state};

/// What the pages are made from: the agents of whose home it is.
struct AgentData {
    agents: Agents,
    payer: Payer,
    model: watch::Receiver<ModelStatus>,
}

impl PageData for AgentData {
    fn conversations(&self) -> BoxFuture<'_, ConversationsState> {
        async {
            let list = self.agents.get::<Conversations>(DEFAULT)?;
            list.run(|_, cx| async move { ConversationsState::clone(&cx.state()) }).await
        }
        .map(|result| result.unwrap_or_else(|error| unavailable(&error)))
        .boxed()
    }

    fn messages(&self, id: String) -> BoxFuture<'_, Vec<UiMessage>> {
        async move {
            let conversation = self.agents.get::<Assistant>(&id)?;
            conversation.run(|_, cx| async move { cx.recent_messages(FIRST_MESSAGES) }).await?
        }
        .map(|result| result.unwrap_or_else(|error| unavailable(&error)))
        .boxed()
    }

    fn system(&self) -> BoxFuture<'_, SystemState> {
        let state = system_state(&self.model.borrow(), &self.agents);
        async move { state }.boxed()
    }

    fn account(&self) -> Option<String> {
        self.payer.name().map(str::to_owned)
    }

    fn approvals_state(&self) -> BoxFuture<'_, ApprovalsState> {
        async {
            let inbox = self.agents.get::<Approvals>(DEFAULT)?;
            inbox.run(|_, cx| async move { *cx.state() }).await
        }
        .map(|result| result.unwrap_or_else(|error| unavailable(&error)))
        .boxed()
    }

    fn approvals(&self) -> BoxFuture<'_, ApprovalsView> {
        async { self.agents.get::<Approvals>(DEFAULT)?.list().await }
            .map(|result| result.unwrap_or_else(|error| unavailable(&error)))
            .boxed()
    }

    fn tasks(&self, lang: Lang) -> BoxFuture<'_, TasksView> {
        async move {
            let tasks = self.agents.get::<Tasks>(DEFAULT)?;
            let view = tasks.run(move |tasks, cx| async move { tasks.view(&cx, lang) });
            view.await?.map_err(AgentError::Handler)
        }
        .map(|result| result.unwrap_or_else(|error| unavailable(&error)))
        .boxed()
    }

    fn prompts(&self) -> BoxFuture<'_, PromptsState> {
        async {
            let prompts = self.agents.get::<Prompts>(DEFAULT)?;
            prompts.run(|_, cx| async move { PromptsState::clone(&cx.state()) }).await
        }
        .map(|result| result.unwrap_or_else(|error| unavailable(&error)))
        .boxed()
    }

    fn agents(&self) -> BoxFuture<'_, Vec<AgentTypeView>> {
        let types = inspect::all_types(&self.agents);
        async move { types.unwrap_or_else(|error| unavailable(&error)) }.boxed()
    }
}

/// A page without its data is better than none: the browser asks again.
fn unavailable<T: Default>(error: &AgentError) -> T {
    tracing::warn!(%error, "a page is rendered without its data");
    T::default()
}

/// The routes of all pages.
pub(crate) fn routes(agents: Agents, payer: Payer, model: &Arc<dyn LanguageModel>) -> Router {
    let options = LeptosOptions::builder().output_name("app").build();
    let data: Arc<dyn PageData> = Arc::new(AgentData { agents, payer, model: model.status() });
    let assets = assets::page_assets();
    let context = move || {
        provide_context(Arc::clone(&data));
        if let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce())
            && let Ok(policy) = HeaderValue::from_str(&content_security_policy(&nonce))
        {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
            response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    };
    let document = move || shell(assets.clone());
    let not_found = render_app_to_stream_with_context(context.clone(), document.clone());
    Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), context, document)
        .fallback(move |request: Request| {
            let page = not_found(request);
            async move {
                let mut response = page.await;
                *response.status_mut() = StatusCode::NOT_FOUND;
                response
            }
        })
        .with_state(options)
}

/// Scripts only with this page's nonce and what those import: what an agent answers under this
/// origin is no script of the page's. Nothing from elsewhere.
fn content_security_policy(nonce: &str) -> String {
    format!(
        "default-src 'self'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
         worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'{}",
        csp_report::REPORT
    )
}
