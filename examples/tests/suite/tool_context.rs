use serde_json::{Value, json};

use crate::{
    script::{self, Say},
    support::Example,
};

/// Looks for what the person names, and says what is there.
fn look(messages: &[Value]) -> Say {
    match script::answers(messages)[..] {
        [] => {
            let words = &messages.last().unwrap()["content"];
            Say::Calls(vec![("search_notes", json!({ "words": words }))])
        }
        ref found => Say::Words(found.join("; ")),
    }
}

#[tokio::test]
async fn the_notes_are_a_service() {
    let folder = tempfile::tempdir().unwrap();
    let address = script::endpoint(look).await;
    let example = Example::serve(env!("CARGO_BIN_EXE_tool_context"), folder.path(), &address);
    assert_eq!(example.ask("key").await.text(), r#"["The key is under the mat."]"#);
}
