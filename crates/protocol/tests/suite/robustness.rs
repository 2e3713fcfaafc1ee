//! Nothing that comes over the wire makes a parser panic.

use domovoi_protocol::{
    Chunk, ClientFrame, Reducer, ServerFrame, data_stream::DataStreamPart, partial_json,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::strategies;

fn parse_everything(text: &str) {
    let _ = ClientFrame::parse(text);
    let _ = ServerFrame::parse(text);
    let _ = Chunk::parse(text);
    let _ = DataStreamPart::parse(text);
    let _ = partial_json::parse(text);
}

proptest! {
    #[test]
    fn arbitrary_text(text in any::<String>()) {
        parse_everything(&text);
    }

    #[test]
    fn arbitrary_json(value in strategies::json()) {
        parse_everything(&value.to_string());
    }

    #[test]
    fn known_types_with_fields_of_any_kind(
        frame in prop_oneof![
            strategies::client_frame().prop_map(|frame| frame.to_json()),
            strategies::server_frame().prop_map(|frame| frame.to_json()),
            strategies::chunk().prop_map(|chunk| chunk.to_json()),
        ],
        field in any::<prop::sample::Index>(),
        value in strategies::json(),
    ) {
        let mut object: serde_json::Map<String, Value> = serde_json::from_str(&frame).unwrap();
        let key = object.keys().nth(field.index(object.len())).unwrap().clone();
        object.insert(key, value);
        parse_everything(&Value::Object(object).to_string());
    }

    #[test]
    fn cut_text(frame in strategies::server_frame(), at in any::<prop::sample::Index>()) {
        let text = frame.to_json();
        let cut: String = text.chars().take(at.index(text.chars().count())).collect();
        parse_everything(&cut);
    }

    #[test]
    fn any_chunks_in_any_order_reduce(chunks in prop::collection::vec(strategies::chunk(), 0..40)) {
        let mut reducer = Reducer::new("m");
        for chunk in &chunks {
            reducer.apply(chunk);
        }
        let _ = reducer.finish();
    }

    #[test]
    fn every_prefix_of_json_shows_something_of_it(value in strategies::json()) {
        let text = value.to_string();
        for end in (0..text.len()).filter(|&end| text.is_char_boundary(end)) {
            let part = partial_json::parse(&text[..end]);
            prop_assert!(part.is_some() || matches!(&text[..end], "" | "-"), "{}", &text[..end]);
        }
        prop_assert_eq!(partial_json::parse(&text), Some(value));
    }
}

#[test]
fn deep_nesting_is_an_error_and_not_an_overflow() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    parse_everything(&deep);
    let state = format!(r#"{{"type":"cf_agent_state","state":{deep}}}"#);
    assert!(!matches!(ServerFrame::parse(&state), Ok(Some(_))));
    assert!(!matches!(ClientFrame::parse(&state), Ok(Some(_))));
    assert!(Chunk::parse(&format!(r#"{{"type":"data-x","data":{deep}}}"#)).is_err());
}

#[test]
fn unknown_types_are_passed_over_or_kept() {
    let future = json!({"type": "cf_agent_future", "x": 1}).to_string();
    assert_eq!(ClientFrame::parse(&future).unwrap(), None);
    assert_eq!(ServerFrame::parse(&future).unwrap(), None);
    assert_eq!(ServerFrame::parse("hello").unwrap(), None);
    assert_eq!(ServerFrame::parse(r#"{"type":5}"#).unwrap(), None);
    let chunk = Chunk::parse(&future).unwrap();
    assert_eq!(chunk.to_json(), future);
    let mut reducer = Reducer::new("m");
    reducer.apply(&chunk);
    assert!(reducer.message().parts.is_empty());
}

#[test]
fn known_types_in_the_wrong_shape_are_errors() {
    assert!(ServerFrame::parse(r#"{"type":"cf_agent_identity"}"#).is_err());
    assert!(ClientFrame::parse(r#"{"type":"rpc","id":1,"method":"x"}"#).is_err());
    assert!(Chunk::parse(r#"{"type":"text-delta","id":"t"}"#).is_err());
    assert!(Chunk::parse(r#"{"type":"data-x","id":5}"#).is_err());
    assert!(Chunk::parse(r#"{"no":"type"}"#).is_err());
    assert!(Chunk::parse("[]").is_err());
}
