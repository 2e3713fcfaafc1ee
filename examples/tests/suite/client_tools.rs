use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    script::{self, Say},
    support::Example,
};

/// Looks into the folder that the person names, and says what is there.
fn look(messages: &[Value]) -> Say {
    match script::answers(messages)[..] {
        [] => {
            let folder = &messages.last().unwrap()["content"];
            Say::Calls(vec![("list_files", json!({ "folder": folder }))])
        }
        [found] => Say::Words(format!("I found {found}.")),
        [..] => Say::Words("That is too much.".to_owned()),
    }
}

#[tokio::test]
async fn the_client_lists_its_own_files() {
    let folder = tempfile::tempdir().unwrap();
    let address = script::endpoint(look).await;
    let example = Example::serve(env!("CARGO_BIN_EXE_chat"), folder.path(), &address);
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("b.txt"), "").unwrap();
    fs::write(here.path().join("a.txt"), "").unwrap();
    let missing = here.path().join("missing");
    for (question, expected) in [
        (here.path(), r#"I found ["a.txt","b.txt"]."#),
        (&*missing, "I found Error: No such file or directory (os error 2)."),
    ] {
        let (address, question) = (example.url(""), question.to_str().unwrap().to_owned());
        let run = move || {
            let mut client = Command::new(env!("CARGO_BIN_EXE_client_tools"));
            client.args([address, question]).output().unwrap()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(said.trim_end(), expected);
    }
}
