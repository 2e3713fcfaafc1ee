//! Agents, turns and models: read from those who know, when somebody asks.

use std::{
    fmt::{self, Debug},
    sync::Arc,
};

use domovoi_models::gateway::Gateway;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use crate::homes::Homes;

/// Reads the figures of agents and gateway.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) homes: Arc<Homes>,
    pub(super) gateway: Gateway,
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let figures = self.homes.figures();
        gauge(
            &mut encoder,
            "open_websockets",
            "WebSockets that are open",
            figures.open_connections,
        )?;
        let help = "Agent instances that are awake";
        gauge(&mut encoder, "awake_instances", help, figures.awake_instances)?;
        let help = "Chat turns whose answers are being made";
        gauge(&mut encoder, "running_chat_turns", help, figures.running_turns)?;
        let turns = [
            ([("outcome", "completed")], figures.completed_turns),
            ([("outcome", "aborted")], figures.aborted_turns),
            ([("outcome", "failed")], figures.failed_turns),
        ];
        counters(&mut encoder, "chat_turns", "Chat turns that have ended", turns)?;

        let totals = self.gateway.totals();
        let requests = totals.iter().map(|total| {
            let labels = [("route", total.route.as_str()), ("outcome", total.outcome.name())];
            (labels, total.requests)
        });
        counters(&mut encoder, "model_requests", "Requests to models that have ended", requests)?;
        let tokens = totals.iter().flat_map(|total| {
            let labels = |kind| {
                [("route", total.route.as_str()), ("outcome", total.outcome.name()), ("kind", kind)]
            };
            let usage = total.usage;
            [(labels("input"), usage.input_tokens), (labels("output"), usage.output_tokens)]
        });
        counters(&mut encoder, "model_tokens", "Tokens of requests to models", tokens)
    }
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: usize,
) -> Result<(), fmt::Error> {
    let value = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    value.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn counters<'a, const N: usize>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = ([(&'a str, &'a str); N], u64)>,
) -> Result<(), fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in values {
        ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}
