//! The tool `extract_text`.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::fmt::Write;

use domovoi_protocol::{Part, Role, UiMessage};
use domovoi_tools::extract_text;
use serde_json::{Value, json};
use support::{call, call_in};

async fn text_of(content: &str) -> Result<String, String> {
    let answer = call(extract_text, json!({ "content": content })).await?;
    Ok(answer["text"].as_str().unwrap().trim().to_owned())
}

/// A file of one page with these instructions, by the book.
fn pdf(instructions: &str) -> String {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R\
         /Resources<</Font<</F1 5 0 R>>>>>>"
            .to_owned(),
        format!("<</Length {}>>\nstream\n{instructions}\nendstream", instructions.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let (mut file, mut offsets) = ("%PDF-1.4\n".to_owned(), String::new());
    for (index, object) in objects.iter().enumerate() {
        writeln!(offsets, "{:010} 00000 n ", file.len()).unwrap();
        write!(file, "{} 0 obj\n{object}\nendobj\n", index + 1).unwrap();
    }
    let (start, count) = (file.len(), objects.len() + 1);
    write!(
        file,
        "xref\n0 {count}\n0000000000 65535 f \n{offsets}\
         trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    )
    .unwrap();
    file
}

const HELLO: &str = "BT /F1 24 Tf 72 700 Td (Hello from a PDF) Tj ET";

/// A data URL: one has no line ends of its own.
fn encoded(pdf: &str) -> String {
    format!("data:application/pdf,{}", pdf.replace('%', "%25").replace('\n', "%0A"))
}

#[tokio::test]
async fn documents_of_every_kind_become_text() {
    let pdf = pdf(HELLO);
    for (content, expected) in [
        ("# Tea\n\nwith *milk*", "# Tea\n\nwith *milk*"),
        ("data:text/markdown,%23%20Tea", "# Tea"),
        ("data:text/html,<h1>Tea</h1><p>with milk", "# Tea\n\nwith milk"),
        ("<!doctype html><p>Tea &amp; milk", "Tea & milk"),
        ("data:;base64,xaFrb2Rh", "škoda"),
        (&encoded(&pdf), "Hello from a PDF"),
        (&pdf, "Hello from a PDF"),
    ] {
        assert_eq!(text_of(content).await.as_deref(), Ok(expected), "{content}");
    }
}

#[tokio::test]
async fn damaged_and_unknown_documents_are_told_in_words() {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    for (content, expected) in [
        ("data:image/png;base64,iVBORw==", "image/png cannot be read"),
        ("data:;base64,AAAA", "cannot be read as text"),
        ("data:text/plain;base64,****", "damaged"),
        (&encoded("%PDF-1.4 nothing"), "damaged"),
        (&encoded(&pdf(HELLO)[..200]), "damaged"),
        // The parser panics at this one.
        (&encoded(&pdf(&format!("{open}{close} TJ {HELLO}"))), "damaged"),
        (&encoded(&pdf("")), "no text in the PDF"),
    ] {
        let error = text_of(content).await.unwrap_err();
        assert!(error.contains(expected), "{}: {error}", &content[..content.len().min(40)]);
    }
}

#[tokio::test]
async fn an_attached_file_is_read_by_its_name() {
    let mut message = UiMessage::new("q", Role::User, "What is in it?");
    message.parts.push(Part::File {
        media_type: "text/plain".to_owned(),
        url: format!("data:text/plain,{}", "tea ".repeat(6000)),
        filename: Some("notes.txt".to_owned()),
    });
    let read = |start: Value| {
        call_in(message.clone(), extract_text, json!({ "file": "notes.txt", "start": start }))
    };
    let first = read(json!(0)).await.unwrap();
    assert_eq!(first["nextStart"], 20_000);
    let second = read(first["nextStart"].clone()).await.unwrap();
    assert_eq!(second["nextStart"], Value::Null);
    let both = first["text"].as_str().unwrap().to_owned() + second["text"].as_str().unwrap();
    assert_eq!(both, "tea ".repeat(6000).trim_end());
    let error = call_in(message, extract_text, json!({ "file": "other" })).await.unwrap_err();
    assert!(error.contains("Attached are: `notes.txt`"), "{error}");
}
