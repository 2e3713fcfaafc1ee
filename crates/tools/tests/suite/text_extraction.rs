//! The tool `extract_text`.

use std::{fmt::Write as _, io::Write as _};

use domovoi_protocol::{Part, Role, UiMessage};
use domovoi_tools::extract_text;
use serde_json::{Value, json};

use crate::support::{call, call_in};

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

/// A file of one page with these contents: a dictionary without its brackets, and a stream. More objects may
/// follow, from the sixth on.
fn packed(dictionary: &str, contents: &[u8], more: &[&str]) -> String {
    let mut objects: Vec<Vec<u8>> = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R\
         /Resources<</Font<</F1 5 0 R>>/XObject<</A 6 0 R/B 7 0 R>>>>>>",
    ]
    .map(|object| object.as_bytes().to_vec())
    .to_vec();
    let head = format!("<<{dictionary}/Length {}>>\nstream\n", contents.len());
    objects.push([head.as_bytes(), contents, b"\nendstream"].concat());
    objects.push(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_vec());
    objects.extend(more.iter().map(|object| object.as_bytes().to_vec()));
    let (mut file, mut offsets) = (b"%PDF-1.4\n".to_vec(), String::new());
    for (index, object) in objects.iter().enumerate() {
        writeln!(offsets, "{:010} 00000 n ", file.len()).unwrap();
        file.extend(format!("{} 0 obj\n", index + 1).as_bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let (start, count) = (file.len(), objects.len() + 1);
    let end = format!(
        "xref\n0 {count}\n0000000000 65535 f \n{offsets}\
         trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    );
    file.extend(end.as_bytes());
    file.iter().fold("data:application/pdf,".to_owned(), |mut url, byte| {
        write!(url, "%{byte:02X}").unwrap();
        url
    })
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[tokio::test]
async fn a_small_pdf_that_becomes_very_large_is_refused_before_it_does() {
    let usual = packed("/Filter/FlateDecode", &deflated(HELLO.as_bytes()), &[]);
    assert_eq!(text_of(&usual).await.as_deref(), Ok("Hello from a PDF"));
    let large = deflated(&vec![b' '; 100_000_000]);
    assert!(large.len() < 1_000_000);
    // Of an image nothing is read, and nothing is unpacked.
    let image = packed("/Subtype/Image/Filter/FlateDecode", &large, &[]);
    assert!(text_of(&image).await.unwrap_err().contains("no text in the PDF"));
    for (filter, contents) in [
        ("/Filter/FlateDecode", large.clone()),
        ("/Subtype/Image/Type/ObjStm/Filter/FlateDecode", large.clone()),
        ("/Filter[/FlateDecode/FlateDecode]", deflated(&large)),
    ] {
        let error = text_of(&packed(filter, &contents, &[])).await.unwrap_err();
        assert!(error.contains("becomes very large"), "{filter}: {error}");
    }
}

#[tokio::test]
async fn what_draws_itself_is_not_drawn() {
    let form = |draws: &str| {
        format!("<</Subtype/Form/Length {}>>\nstream\n{draws}\nendstream", draws.len())
    };
    let complex = "[Page 1 is too complex to be read.]";
    let many = "/B Do ".repeat(100_000);
    for (a, b, expected) in [
        (HELLO, "", "Hello from a PDF"),
        ("/B Do", HELLO, "Hello from a PDF"),
        ("/A Do", "", complex),
        ("/B Do", "q /A Do Q", complex),
        (&many, HELLO, complex),
    ] {
        let file = packed("", b"/A Do", &[&form(a), &form(b)]);
        assert_eq!(text_of(&file).await.as_deref(), Ok(expected), "{a:.20} {b}");
    }
}

#[tokio::test]
async fn an_encrypted_pdf_is_refused_in_words() {
    for name in ["/Encrypt", "/#45ncrypt", "/#45#6e#63#72#79#70#74"] {
        let file = pdf(HELLO).replace("/Root", &format!("{name} 9 0 R/Root"));
        let error = text_of(&encoded(&file).replace('#', "%23")).await.unwrap_err();
        assert!(error.contains("it is encrypted"), "{name}: {error}");
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
