//! Traces for OpenTelemetry, where the configuration wants them: what a request, a turn, a call of a model
//! and a call of a tool took. What was said is in none of them.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use tokio::runtime::Handle;
use tracing::{Level, Subscriber};
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

use crate::config::TelemetryConfig;

/// The target of the spans that are sent. Nothing else has it, so no line of the log is sent with them.
pub(crate) const TARGET: &str = "domovoi_trace";

/// How long the collector may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends spans until it is ended.
pub(crate) struct Telemetry {
    provider: SdkTracerProvider,
}

impl Telemetry {
    /// Begins to send spans, where an endpoint is configured; requests are made by the runtime.
    ///
    /// # Errors
    /// Fails where the endpoint is none.
    pub(crate) fn start(
        config: &TelemetryConfig,
        runtime: &Handle,
    ) -> Result<Option<Self>, Box<dyn Error>> {
        let Some(endpoint) = &config.endpoint else { return Ok(None) };
        let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client { client, runtime: runtime.clone() })
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(traces_at(endpoint))
            .build()
            .map_err(|error| {
                format!("the telemetry endpoint `{endpoint}` cannot be used: {error}")
            })?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder()
            .with_service_name(config.service_name.clone())
            .with_attribute(version)
            .build();
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.share)));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        Ok(Some(Self { provider }))
    }

    /// What collects spans for it.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("domovoi"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target(TARGET, Level::INFO))
    }

    /// Sends what has not been sent yet. It blocks, and the runtime must still run.
    pub(crate) fn end(self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::warn!(%error, "not all traces could be sent");
        }
    }
}

/// The address for traces of an endpoint, as OpenTelemetry's specification makes it.
fn traces_at(endpoint: &str) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    if endpoint.ends_with("/v1/traces") {
        endpoint.to_owned()
    } else {
        format!("{endpoint}/v1/traces")
    }
}

/// Sends requests with the runtime, from a thread that has none.
#[derive(Debug)]
struct Client {
    client: reqwest::Client,
    runtime: Handle,
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let response = client.execute(request.try_into()?).await?;
            let mut answer = http::Response::builder().status(response.status());
            if let Some(headers) = answer.headers_mut() {
                headers.clone_from(response.headers());
            }
            Ok::<_, HttpError>(answer.body(response.bytes().await?)?)
        });
        sent.await?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::{Router, extract::State, routing::post};
    use domovoi_agents::prelude::*;
    use domovoi_models::testing::Script;
    use opentelemetry_proto::tonic::{
        collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value,
        trace::v1::Span,
    };
    use parking_lot::Mutex;
    use prost::Message;
    use serde_json::json;
    use tokio::net::TcpListener;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::{
        Domovoi,
        people::Scope,
        testing::{Bench, says},
    };

    type Collected = Arc<Mutex<Vec<Bytes>>>;

    async fn collect(State(collected): State<Collected>, body: Bytes) {
        collected.lock().push(body);
    }

    /// A collector of its own on a socket, as OpenTelemetry's is.
    async fn collector() -> (String, Collected) {
        let collected = Collected::default();
        let routes = Router::new().route("/v1/traces", post(collect));
        let routes = routes.with_state(Arc::clone(&collected));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (endpoint, collected)
    }

    #[derive(Deserialize, JsonSchema)]
    struct Place {
        place: String,
    }

    /// Says where something is.
    #[tool]
    async fn locate(place: Place) -> Result<String> {
        Ok(format!("{} is in Zanzibar", place.place))
    }

    fn text_of<'a>(span: &'a Span, name: &str) -> Option<&'a str> {
        let found = span.attributes.iter().find(|it| it.key == name)?;
        match found.value.as_ref()?.value.as_ref()? {
            Value::StringValue(text) => Some(text),
            _ => None,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_collector_is_told_what_took_how_long_and_never_what_was_said() {
        let (endpoint, collected) = collector().await;
        let config = TelemetryConfig { endpoint: Some(endpoint), ..TelemetryConfig::default() };
        let telemetry = Telemetry::start(&config, &Handle::current()).unwrap().unwrap();
        let subscriber = tracing_subscriber::registry().with(telemetry.layer());
        tracing::subscriber::set_global_default(subscriber).unwrap();

        let looks = Script::new()
            .text("Let me see, Zanzibar.")
            .tool_call("1", "locate", r#"{"place": "Stone Town"}"#)
            .wait_for_tools();
        let domovoi = Domovoi::new().tool(locate);
        let bench = Bench::with(domovoi, "", [looks, says("In Zanzibar.")]).await;
        let token = bench.token("test", None, &[Scope::Agents]);
        let question = json!([{"role": "user", "content": "Where in Zanzibar is Stone Town?"}]);
        let asked = json!({"model": "assistant", "user": "talk", "messages": question});
        assert_eq!(bench.ask(&token, asked).await.status, 200);
        // The turn is over when the next one of its conversation begins.
        bench.model.push(says("Yes."));
        let again = json!({"model": "assistant", "user": "talk"});
        assert_eq!(bench.ask(&token, again).await.status, 200);
        tokio::task::spawn_blocking(move || telemetry.end()).await.unwrap();

        let bodies = collected.lock().clone();
        for secret in ["Zanzibar", "Stone Town", "dmv_"] {
            let is_in = |body: &Bytes| body.windows(secret.len()).any(|it| it == secret.as_bytes());
            assert!(!bodies.iter().any(is_in), "{secret}");
        }
        let exports = bodies.into_iter().map(|it| ExportTraceServiceRequest::decode(it).unwrap());
        let resources: Vec<_> = exports.flat_map(|it| it.resource_spans).collect();
        let service = &resources[0].resource.as_ref().unwrap().attributes;
        assert!(service.iter().any(|it| it.key == "service.name"), "{service:?}");
        let scopes = resources.into_iter().flat_map(|it| it.scope_spans);
        let spans: Vec<Span> = scopes.flat_map(|it| it.spans).collect();
        let named = |name: &str| spans.iter().filter(|it| it.name == name).collect::<Vec<_>>();
        let requests = named("POST /v1/chat/completions");
        assert_eq!(text_of(requests[0], "http.route"), Some("/v1/chat/completions"));
        let (turns, models, tools) = (named("turn"), named("model"), named("tool"));
        assert_eq!((models.len(), tools.len()), (3, 1), "{spans:#?}");
        let turn = turns.iter().find(|it| it.span_id == tools[0].parent_span_id).unwrap();
        assert_eq!(text_of(turn, "agent"), Some("assistant"));
        assert_eq!(text_of(turn, "outcome"), Some("completed"));
        assert_eq!(text_of(tools[0], "tool"), Some("locate"));
        assert_eq!(models.iter().filter(|it| it.parent_span_id == turn.span_id).count(), 2);
        assert_eq!(text_of(models[0], "outcome"), Some("answered"));
        assert!(spans.iter().all(|it| it.end_time_unix_nano >= it.start_time_unix_nano));
    }

    #[test]
    fn an_endpoint_is_completed() {
        assert_eq!(traces_at("http://c:4318/"), "http://c:4318/v1/traces");
        assert_eq!(traces_at("http://c:4318/v1/traces"), "http://c:4318/v1/traces");
    }
}
