//! Folders: what holds in one holds in the turns of its conversations.

use domovoi_app::types::{ConversationsState, folders::Folder};
use domovoi_models::ModelMessage;

use super::{super::Conversations, *};

/// A model for each route, and the server's agents.
pub(super) fn start_two() -> (TestAgents, ScriptedModel, ScriptedModel) {
    let answers = || ScriptedModel::new((0..4).map(|_| says("Yes.")));
    let (plain, careful) = (answers(), answers());
    let models: [Arc<dyn LanguageModel>; 2] = [Arc::new(plain.clone()), Arc::new(careful.clone())];
    let config = Config::parse("instructions = 'Be kind.'\n[model]\nname = 'gpt'").unwrap();
    let test = TestAgents::new(move |builder| {
        let route = |at: usize| Route::new([Target::new("scripted", Arc::clone(&models[at]))]);
        let gateway = Gateway::builder().route(DEFAULT_ROUTE, route(0)).route("careful", route(1));
        register(builder.service(gateway.build()), &config, &models[0], Vec::new())
    });
    (test.unwrap(), plain, careful)
}

/// What the model was told in its last request, before anything was said.
fn told(model: &ScriptedModel) -> String {
    match &model.requests().last().unwrap().messages[0] {
        ModelMessage::System { content } => content.clone(),
        other => panic!("{other:?}"),
    }
}

async fn listed(test: &TestAgents) -> ConversationsState {
    let list = test.get::<Conversations>("default").unwrap();
    list.run(|_, cx| async move { ConversationsState::clone(&cx.state()) }).await.unwrap()
}

#[tokio::test]
async fn instructions_and_model_of_a_folder_are_those_of_its_conversations() {
    let (mut test, plain, careful) = start_two();
    let mut client = connect(&test, "conversations").await;
    let id: String = client.call("createFolder", ("Law",)).await.unwrap();
    let folder = Folder {
        id: id.clone(),
        name: "Law".to_owned(),
        instructions: "Name the paragraph.".to_owned(),
        model: "careful".to_owned(),
        ..Folder::default()
    };
    let () = client.call("changeFolder", (folder.clone(),)).await.unwrap();
    // Before there is a conversation.
    let () = client.call("moveToFolder", ("inside", id.as_str())).await.unwrap();
    test.crash().await.unwrap();
    say(&test, "inside", "May I?").await;
    assert_eq!(told(&careful), "Be kind.\n\nName the paragraph.");
    say(&test, "outside", "May I?").await;
    assert_eq!(told(&plain), "Be kind.");
    // Its own model comes first; the instructions stay.
    let mut client = connect(&test, "conversations").await;
    let () = client.call("chooseModel", ("inside", DEFAULT_ROUTE)).await.unwrap();
    say(&test, "inside", "And now?").await;
    assert_eq!(told(&plain), "Be kind.\n\nName the paragraph.");
    assert_eq!(careful.requests().len(), 1);
    // A folder that goes leaves its conversations as they were without it.
    let () = client.call("removeFolder", (id,)).await.unwrap();
    say(&test, "inside", "Still?").await;
    assert_eq!(told(&plain), "Be kind.");
    let state = listed(&test).await;
    assert_eq!((state.conversations.len(), state.folders.len(), state.places.len()), (2, 0, 0));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_words() {
    let (test, ..) = start_two();
    let mut client = connect(&test, "conversations").await;
    let id: String = client.call("createFolder", ("Law",)).await.unwrap();
    let mut folder = Folder { id, name: "Law".to_owned(), ..Folder::default() };
    folder.model = "none".to_owned();
    let unknown = client.call::<()>("changeFolder", (folder.clone(),)).await;
    assert!(unknown.unwrap_err().to_string().contains("none"));
    let nowhere = client.call::<()>("moveToFolder", ("a", "gone")).await;
    assert!(nowhere.unwrap_err().to_string().contains("no such folder"));
    let long = client.call::<()>("moveToFolder", ("x".repeat(2000), folder.id.clone())).await;
    assert!(long.unwrap_err().to_string().contains("no id"));
    let twice = client.call::<String>("createFolder", ("law",)).await;
    assert!(twice.unwrap_err().to_string().contains("already"));
    assert_eq!(listed(&test).await.places, []);
}

#[tokio::test]
async fn the_name_of_a_folder_goes_along_in_a_file_and_comes_back() {
    use axum::body::{Body, to_bytes};
    use http::Request;

    let (test, ..) = start_two();
    let mut client = connect(&test, "conversations").await;
    let id: String = client.call("createFolder", ("Law",)).await.unwrap();
    let () = client.call("moveToFolder", ("inside", id.as_str())).await.unwrap();
    say(&test, "inside", "May I?").await;
    say(&test, "outside", "May I?").await;
    let export = Request::get("/agents/conversations/default/export.json").body(Body::empty());
    let file = to_bytes(test.request(export.unwrap()).await.into_body(), 100_000).await.unwrap();
    let () = client.call("removeFolder", (id,)).await.unwrap();
    let import = Request::post("/agents/conversations/default/import").body(Body::from(file));
    assert_eq!(test.request(import.unwrap()).await.status(), 201);
    let state = listed(&test).await;
    assert_eq!(state.conversations.len(), 4);
    let [folder] = &state.folders[..] else { panic!("{:?}", state.folders) };
    assert_eq!((folder.name.as_str(), folder.instructions.as_str()), ("Law", ""));
    let [(conversation, _)] = &state.places[..] else { panic!("{:?}", state.places) };
    assert!(state.conversations.iter().any(|it| it.id == *conversation && it.id != "inside"));
}
