use serde_json::json;

use crate::{observer::Observer, serve};

#[tokio::test]
async fn agents_call_one_another() {
    let (_folder, example) = serve(env!("CARGO_BIN_EXE_multi_agent"));
    let mut client = Observer::connect(example.options("newsroom", "times"));
    let sources: u32 = client.client.call("research", "whales").await.unwrap();
    assert_eq!(sources, 6);
    client.state(|findings| *findings == json!([{"topic": "whales", "sources": 6}])).await;
    assert_eq!(client.client.call::<u32>("research", "whales").await.unwrap(), 6);
    let error = client.client.call::<()>("report", json!([{}])).await.unwrap_err();
    assert_eq!(error.to_string(), "Method report is not callable");
}

#[tokio::test]
async fn sub_agents_belong_to_their_parent() {
    let (_folder, example) = serve(env!("CARGO_BIN_EXE_multi_agent"));
    let client = Observer::connect(example.options("newsroom", "times")).client;
    let chief: String = client.call("openDesk", ("sport", "Ada")).await.unwrap();
    assert_eq!(chief, "Ada at sport of times");
    let _: String = client.call("openDesk", ("culture", "Bob")).await.unwrap();
    assert_eq!(client.call::<Vec<String>>("desks", ()).await.unwrap(), ["culture", "sport"]);

    let url = example.url("/agents/newsroom/times/sub/desk/sport");
    assert_eq!(reqwest::get(url).await.unwrap().status(), 404, "it is there, and answers no HTTP");
    let url = example.url("/agents/desk/sport");
    assert_eq!(reqwest::get(url).await.unwrap().status(), 400, "and nowhere else");

    client.call::<()>("closeDesk", "sport").await.unwrap();
    assert_eq!(client.call::<Vec<String>>("desks", ()).await.unwrap(), ["culture"]);
}
