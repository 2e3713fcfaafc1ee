//! How text is cut into deltas does not matter to the message.

use domovoi_protocol::{Chunk, Part, Reducer, UiMessage, message::ToolState};
use proptest::prelude::*;
use serde_json::json;

/// Cuts `text` after each of these shares of it.
fn pieces(text: &str, cuts: &[prop::sample::Index]) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(chars.len() + 1)).collect();
    places.sort_unstable();
    places.push(chars.len());
    let mut begin = 0;
    places
        .into_iter()
        .map(|end| chars[std::mem::replace(&mut begin, end)..end].iter().collect())
        .collect()
}

fn reduce(chunks: impl IntoIterator<Item = Chunk>) -> UiMessage {
    let mut reducer = Reducer::new("m");
    for chunk in chunks {
        reducer.apply(&chunk);
    }
    reducer.finish()
}

fn cuts() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..8)
}

fn reasoning(id: &str, delta: String) -> Chunk {
    Chunk::ReasoningDelta { id: id.to_owned(), delta, provider_metadata: None }
}

proptest! {
    #[test]
    fn text_in_any_pieces(text in any::<String>(), cuts in cuts()) {
        let deltas = pieces(&text, &cuts).into_iter().map(|piece| Chunk::text_delta("t", piece));
        let message = reduce([Chunk::text_start("t")].into_iter().chain(deltas));
        prop_assert_eq!(message, reduce([Chunk::text_start("t"), Chunk::text_delta("t", text)]));
    }

    #[test]
    fn two_parts_at_once(
        first in any::<String>(),
        second in any::<String>(),
        cuts in cuts(),
        order in prop::collection::vec(any::<bool>(), 32),
    ) {
        let whole = reduce([
            Chunk::text_start("a"),
            reasoning("a", second.clone()),
            Chunk::text_delta("a", first.clone()),
        ]);
        let mut texts = pieces(&first, &cuts).into_iter().map(|p| Chunk::text_delta("a", p));
        let mut thoughts = pieces(&second, &cuts).into_iter().map(|p| reasoning("a", p));
        // Both parts have the same id, which only names a part among those of its kind.
        let mut chunks = vec![Chunk::text_start("a"), reasoning("a", String::new())];
        for text_first in order {
            chunks.extend(if text_first { texts.next() } else { thoughts.next() });
        }
        chunks.extend(texts);
        chunks.extend(thoughts);
        prop_assert_eq!(reduce(chunks), whole);
    }

    #[test]
    fn tool_input_in_any_pieces(value in "[a-z\"\\\\é😀]{0,12}", cuts in cuts()) {
        let input = json!({"value": value, "list": [1, {"x": null}]});
        let mut chunks = vec![Chunk::ToolInputStart {
            tool_call_id: "c".to_owned(),
            tool_name: "find".to_owned(),
            dynamic: None,
            title: None,
        }];
        chunks.extend(pieces(&input.to_string(), &cuts).into_iter().map(|input_text_delta| {
            Chunk::ToolInputDelta { tool_call_id: "c".to_owned(), input_text_delta }
        }));
        let message = reduce(chunks);
        prop_assert_eq!(message.tool("c").unwrap().input.as_ref(), Some(&input));
    }
}

#[test]
fn tool_input_shows_while_it_is_written() {
    let mut reducer = Reducer::new("m");
    reducer.apply(&Chunk::ToolInputStart {
        tool_call_id: "c".to_owned(),
        tool_name: "find".to_owned(),
        dynamic: None,
        title: None,
    });
    reducer.apply(&Chunk::ToolInputDelta {
        tool_call_id: "c".to_owned(),
        input_text_delta: r#"{"what":"a ha"#.to_owned(),
    });
    let tool = reducer.message().tool("c").unwrap();
    assert_eq!(tool.input, Some(json!({"what": "a ha"})));
    assert_eq!(tool.state, ToolState::InputStreaming);
}

#[test]
fn a_continuation_goes_on_with_the_message() {
    let first = reduce([Chunk::text_delta("t", "one")]);
    let mut reducer = Reducer::resume(first);
    reducer.apply(&Chunk::text_delta("t", "two"));
    let message = reducer.finish();
    assert_eq!(message.parts.len(), 2);
    assert_eq!(message.text(), "onetwo");
    assert!(matches!(&message.parts[0], Part::Text { text, .. } if text == "one"));
}
