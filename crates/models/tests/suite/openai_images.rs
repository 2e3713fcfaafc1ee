//! Pictures made from words, from a real socket.

use std::sync::{Arc, Mutex};

use domovoi_models::openai::{OpenAiConfig, OpenAiImages};
use domovoi_models::{ImageModel, ImageRequest, ModelError};
use serde_json::{Value, json};

use crate::support::http::{Server, response, write};

/// A PNG of one point, in base64.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn images_at(url: &str) -> OpenAiImages {
    let base_url = format!("{url}/v1");
    let api_key = Some("sk-secret".to_owned());
    OpenAiImages::new(OpenAiConfig { base_url, api_key, model: "painter".into() }).unwrap()
}

async fn error_of(status: &str, kind: &str, body: &str) -> ModelError {
    let server = Server::answering(response(status, kind, body)).await;
    images_at(&server.url).generate(ImageRequest::new("a cat")).await.unwrap_err()
}

#[tokio::test]
async fn pictures_come_as_bytes_or_are_fetched() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&asked);
    let server = Server::start(move |request, socket| {
        let host =
            request.head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned();
        let is_fetch = request.head.starts_with("get /cat.gif ");
        keep.lock().unwrap().push((request.head, request.body));
        async move {
            let body = json!({"data": [
                {"b64_json": PNG, "revised_prompt": "A very small cat."},
                {"url": format!("http://{host}/cat.gif")},
            ]});
            let answer = if is_fetch {
                response("200 OK", "image/gif", "GIF89a...")
            } else {
                response("200 OK", "application/json", &body.to_string())
            };
            write(socket, answer.as_bytes()).await;
        }
    })
    .await;
    let mut request = ImageRequest::new("a cat");
    request.count = 2;
    request.size = Some("1024x1024".into());
    let images = images_at(&server.url).generate(request).await.unwrap();
    let kinds: Vec<_> = images.iter().map(|image| (image.media_type, image.bytes.len())).collect();
    assert_eq!(kinds, [("image/png", 70), ("image/gif", 9)]);
    assert_eq!(images[0].revised_prompt.as_deref(), Some("A very small cat."));

    let asked = asked.lock().unwrap();
    let (head, body) = &asked[0];
    assert!(head.starts_with("post /v1/images/generations "), "{head}");
    let body: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body, json!({"model": "painter", "prompt": "a cat", "n": 2, "size": "1024x1024"}));
    assert!(!asked[1].0.contains("sk-secret"), "the key stays with the endpoint");
}

#[tokio::test]
async fn failures_are_told_clearly() {
    let json = "application/json";
    let refused = r#"{"error":{"message":"Not allowed by our safety system"}}"#;
    for (status, body, expected) in [
        ("400 Bad Request", refused, "Not allowed by our safety system (HTTP 400)"),
        ("401 Unauthorized", "{}", "refused the API key"),
        ("429 Too Many Requests", "{}", "asked too often"),
        ("200 OK", refused, "Not allowed by our safety system"),
        ("200 OK", r#"{"data":[]}"#, "it sent no picture"),
        ("200 OK", r#"{"data":[{"b64_json":"AAAA"}]}"#, "not a picture"),
        ("200 OK", r#"{"data":3}"#, "something else than pictures"),
        ("200 OK", "what?", "it sent something that is not"),
    ] {
        let error = error_of(status, json, body).await.to_string();
        assert!(error.contains(expected), "{status} {body}: {error}");
    }
    let page = error_of("200 OK", "text/html", "<html>").await.to_string();
    assert!(page.contains("OpenAI-compatible"), "{page}");
}
