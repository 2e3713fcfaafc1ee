use serde_json::{Value, json};

use crate::{observer::Observer, serve};

#[tokio::test]
async fn users_are_kept_found_and_paid() {
    let (_folder, example) = serve(env!("CARGO_BIN_EXE_sql"));
    let users = Observer::connect(example.options("users", "all")).client;
    users.call::<()>("create", ("ada", "Ada", "ada@example.com")).await.unwrap();
    users.call::<()>("create", ("bob", "Robert'); DROP TABLE users;--", ())).await.unwrap();
    let error = users.call::<()>("create", ("ada", "Another", ())).await.unwrap_err();
    assert!(error.to_string().contains("UNIQUE"), "{error}");

    let ada = json!({"id": "ada", "name": "Ada", "email": "ada@example.com", "coins": 10});
    assert_eq!(users.call::<Option<Value>>("find", "ada").await.unwrap(), Some(ada.clone()));
    assert_eq!(users.call::<Option<Value>>("find", "eve").await.unwrap(), None);
    assert_eq!(users.call::<Vec<Value>>("search", "@example").await.unwrap(), [ada]);

    users.call::<()>("pay", ("ada", "bob", 7)).await.unwrap();
    let error = users.call::<()>("pay", ("ada", "eve", 1)).await.unwrap_err();
    assert_eq!(error.to_string(), "no such user");
    let error = users.call::<()>("pay", ("ada", "bob", 4)).await.unwrap_err();
    assert!(error.to_string().contains("CHECK"), "{error}");
    assert_eq!(users.call::<(u64, i64)>("count", ()).await.unwrap(), (2, 20));

    let answer = reqwest::get(example.url("/agents/users/all?userId=ada")).await.unwrap();
    let ada: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!((&ada["coins"], &ada["name"]), (&json!(3), &json!("Ada")));
    let answer = reqwest::get(example.url("/agents/users/all?userId=eve")).await.unwrap();
    assert_eq!(answer.status(), 404);
    let answer = reqwest::get(example.url("/agents/users/all")).await.unwrap();
    assert_eq!(answer.status(), 400);
}
