//! What one frame costs, read and written, and what a streamed message costs.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on may stop")]

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use domovoi_protocol::{
    Chunk, ClientFrame, Reducer, ServerFrame, chat::ChatResponse, rpc::RpcResponse,
};
use serde_json::json;

const CALL: &str = r#"{"type":"rpc","id":"00000000-0000-4000-8000-000000000001","method":"echo","args":["hello"]}"#;

/// Pieces of text in a message of medium length.
const DELTAS: u64 = 200;

fn frames(criterion: &mut Criterion) {
    criterion.bench_function("read a call", |bencher| {
        bencher.iter(|| ClientFrame::parse(black_box(CALL)).unwrap());
    });
    let answer = ServerFrame::from(RpcResponse::done("id", Some("hello".into())));
    criterion.bench_function("write an answer", |bencher| {
        bencher.iter(|| black_box(&answer).to_json());
    });
    let chunk = ServerFrame::from(ChatResponse::chunk("request", 7, &delta(7)));
    criterion.bench_function("write a chunk", |bencher| {
        bencher.iter(|| black_box(&chunk).to_json());
    });
    let chunk = chunk.to_json();
    criterion.bench_function("read a chunk", |bencher| {
        bencher.iter(|| ServerFrame::parse(black_box(&chunk)).unwrap());
    });
}

fn reducer(criterion: &mut Criterion) {
    let chunks: Vec<_> = std::iter::once(json!({"type": "text-start", "id": "0"}))
        .map(|start| Chunk::parse(&start.to_string()).unwrap())
        .chain((0..DELTAS).map(delta))
        .collect();
    let mut group = criterion.benchmark_group("reduce");
    group.throughput(Throughput::Elements(DELTAS));
    group.bench_function("a message", |bencher| {
        bencher.iter(|| {
            let mut reducer = Reducer::new("message");
            chunks.iter().for_each(|chunk| {
                reducer.apply(black_box(chunk));
            });
            reducer.finish()
        });
    });
    group.finish();
}

fn delta(index: u64) -> Chunk {
    let delta = json!({"type": "text-delta", "id": "0", "delta": format!(" word {index}")});
    Chunk::parse(&delta.to_string()).unwrap()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    frames(&mut criterion);
    reducer(&mut criterion);
    criterion.final_summary();
}
