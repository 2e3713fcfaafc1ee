//! Getting weights onto the disk, from servers that behave and from servers that do not.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domovoi_models::weights::{
    Catalogue, Timeouts, Weights, WeightsChoice, WeightsError, WeightsFinder,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::http::{Request, Server, closed_port, response};

fn content() -> Vec<u8> {
    let mut content = b"GGUF".to_vec();
    content.extend((0..300_000_u32).map(|index| (index % 251) as u8));
    content
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A finder whose catalogue has these (id, address), each for the file `ID.gguf` of [`content`].
fn finder(folder: &TempDir, sources: &[(&str, &str)]) -> WeightsFinder {
    let ids: Vec<_> = sources.iter().map(|(id, _)| format!("'{id}'")).collect();
    let mut text = format!("auto = [{}]\n", ids.join(", "));
    for (id, url) in sources {
        text += &format!(
            "[[weights]]\nid = '{id}'\nname = 'Model {id}'\nfile = '{id}.gguf'\nbytes = {}\n\
             sha256 = '{}'\nlicence = 'MIT'\nsource = {{ kind = 'http', url = '{url}/f' }}\n",
            content().len(),
            sha256(&content()),
        );
    }
    let mut finder = WeightsFinder::new(folder.path());
    finder.catalogue = Catalogue::parse(&text).unwrap();
    finder
}

async fn find(finder: &WeightsFinder) -> Result<Weights, WeightsError> {
    finder.find(&WeightsChoice::Auto, &mut |_| ()).await
}

fn model_file(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join("models").join(name)
}

/// Writes an answer with these bytes of the file, of which `announced` are promised.
async fn send_part(socket: &mut TcpStream, head: &str, part: &[u8], announced: usize) {
    let head = format!("HTTP/1.1 {head}\r\ncontent-length: {announced}\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(part).await.unwrap();
}

/// The byte a request wants to begin at.
fn range_start(request: &Request) -> Option<usize> {
    let line = request.head.lines().find_map(|line| line.strip_prefix("range: bytes="))?;
    line.strip_suffix('-')?.parse().ok()
}

/// Breaks off in the middle of the file; then answers with ranges where `ranges` says so.
async fn breaking_server(ranges: bool) -> Server {
    Server::start(move |request, mut socket| async move {
        let all = content();
        match (request.index, range_start(&request)) {
            (0, None) => {
                send_part(&mut socket, "200 OK", &all[..100_000], all.len()).await;
            }
            (_, Some(from)) if ranges => {
                let range = format!("content-range: bytes {from}-{0}/{0}", all.len());
                let head = format!("206 Partial Content\r\n{range}");
                send_part(&mut socket, &head, &all[from..], all.len() - from).await;
            }
            _ => send_part(&mut socket, "200 OK", &all, all.len()).await,
        }
        socket.shutdown().await.unwrap();
    })
    .await
}

#[tokio::test]
async fn a_file_is_fetched_once_and_then_found() {
    let folder = TempDir::new().unwrap();
    let server = breaking_server(false).await;
    // The first request breaks; this one is the second.
    let _ = use_up_first_answer(&server.url).await;
    let finder = finder(&folder, &[("a", &server.url)]);
    let seen = Mutex::new(Vec::new());
    let mut report = |progress: domovoi_models::weights::Progress| {
        seen.lock().unwrap().push((progress.received_bytes, progress.total_bytes));
    };
    let weights = finder.find(&WeightsChoice::Auto, &mut report).await.unwrap();
    assert_eq!(weights.name, "Model a");
    assert_eq!(weights.path, model_file(&folder, "a.gguf"));
    assert_eq!(std::fs::read(&weights.path).unwrap(), content());
    let total = content().len() as u64;
    let seen = seen.into_inner().unwrap();
    assert_eq!((seen[0], *seen.last().unwrap()), ((0, total), (total, total)));

    let asked = server.requests.load(Ordering::SeqCst);
    assert_eq!(find(&finder).await.unwrap(), weights);
    assert_eq!(server.requests.load(Ordering::SeqCst), asked, "it was on disk");
}

/// Uses up one answer of a server.
async fn use_up_first_answer(url: &str) -> usize {
    let address = url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await.unwrap()
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_ended() {
    for ranges in [true, false] {
        let folder = TempDir::new().unwrap();
        let server = breaking_server(ranges).await;
        let finder = finder(&folder, &[("a", &server.url)]);
        let error = find(&finder).await.unwrap_err().to_string();
        assert!(error.contains("the part received is kept"), "{error}");
        let part = std::fs::read(model_file(&folder, "a.gguf.part")).unwrap();
        assert_eq!(part, &content()[..100_000]);

        let weights = find(&finder).await.unwrap();
        assert_eq!(std::fs::read(weights.path).unwrap(), content());
        assert!(!model_file(&folder, "a.gguf.part").exists());
    }
}

#[tokio::test]
async fn the_second_try_asks_for_the_rest_only() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir_all(folder.path().join("models")).unwrap();
    std::fs::write(model_file(&folder, "a.gguf.part"), &content()[..7]).unwrap();
    let starts = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&starts);
    let server = Server::start(move |request, mut socket| {
        let start = range_start(&request);
        keep.lock().unwrap().push(start);
        async move {
            // This server does not like the range; the whole file is asked for next.
            let all = content();
            match start {
                Some(_) => send_part(&mut socket, "416 Range Not Satisfiable", b"", 0).await,
                None => send_part(&mut socket, "200 OK", &all, all.len()).await,
            }
        }
    })
    .await;
    find(&finder(&folder, &[("a", &server.url)])).await.unwrap();
    assert_eq!(*starts.lock().unwrap(), [Some(7), None]);
}

#[tokio::test]
async fn the_wrong_file_is_refused_and_not_kept() {
    let folder = TempDir::new().unwrap();
    let mut other = content();
    other[1000] ^= 1;
    let other = String::from_utf8_lossy(&other[..100]).into_owned().repeat(4000);
    let server = Server::answering(response("200 OK", "application/octet-stream", &other)).await;
    let error = find(&finder(&folder, &[("a", &server.url)])).await.unwrap_err().to_string();
    assert!(error.contains("not the right one"), "{error}");
    assert!(
        !model_file(&folder, "a.gguf.part").exists() && !model_file(&folder, "a.gguf").exists()
    );

    let mut changed = content();
    changed[1000] ^= 1;
    let server = Server::start(move |_, mut socket| {
        let changed = changed.clone();
        async move { send_part(&mut socket, "200 OK", &changed, changed.len()).await }
    })
    .await;
    let error = find(&finder(&folder, &[("a", &server.url)])).await.unwrap_err().to_string();
    assert!(error.contains("its SHA-256 is"), "{error}");
    assert!(
        !model_file(&folder, "a.gguf.part").exists() && !model_file(&folder, "a.gguf").exists()
    );
}

#[tokio::test]
async fn every_attempt_is_named_with_address_size_and_error() {
    let folder = TempDir::new().unwrap();
    let missing = Server::answering(response("404 Not Found", "text/plain", "no")).await;
    let nobody = closed_port().await;
    let finder = finder(&folder, &[("a", &missing.url), ("b", &nobody)]);
    let error = find(&finder).await.unwrap_err().to_string();
    for part in [
        format!("Model a (1 MB) from {}/f: answered HTTP 404.", missing.url),
        format!("Model b (1 MB) from {nobody}/f: cannot be reached"),
        "API key".to_owned(),
        "path of a GGUF file".to_owned(),
    ] {
        assert!(error.contains(&part), "no `{part}` in: {error}");
    }
}

#[tokio::test]
async fn where_the_first_choice_fails_the_next_is_taken() {
    let folder = TempDir::new().unwrap();
    let server = breaking_server(false).await;
    use_up_first_answer(&server.url).await;
    let nobody = closed_port().await;
    let finder = finder(&folder, &[("a", &nobody), ("b", &server.url)]);
    assert_eq!(finder.expected_name(&WeightsChoice::Auto), "Model a");
    assert_eq!(find(&finder).await.unwrap().name, "Model b");
    // An id is meant: nothing else is taken.
    let only_a = WeightsChoice::Catalogue("a".to_owned());
    assert!(finder.find(&only_a, &mut |_| ()).await.is_err());
}

#[tokio::test]
async fn a_silent_server_is_given_up_on() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(|_, mut socket| async move {
        let all = content();
        send_part(&mut socket, "200 OK", &all[..50_000], all.len()).await;
        // Holds the connection until the other side has had enough.
        let _ = socket.read(&mut [0]).await;
    })
    .await;
    let mut finder = finder(&folder, &[("a", &server.url)]);
    finder.timeouts = Timeouts { stall: Duration::from_millis(300), ..Timeouts::default() };
    let error = find(&finder).await.unwrap_err().to_string();
    assert!(error.contains("sent nothing for 1 seconds"), "{error}");
}

#[tokio::test]
async fn a_damaged_file_in_the_data_folder_is_replaced() {
    let folder = TempDir::new().unwrap();
    let server = breaking_server(false).await;
    use_up_first_answer(&server.url).await;
    let finder = finder(&folder, &[("a", &server.url)]);
    std::fs::create_dir_all(folder.path().join("models")).unwrap();
    std::fs::write(model_file(&folder, "a.gguf"), b"GGUF, half of it").unwrap();
    let weights = find(&finder).await.unwrap();
    assert_eq!(std::fs::read(weights.path).unwrap(), content());
    let aside = std::fs::read(model_file(&folder, "a.gguf.damaged")).unwrap();
    assert_eq!(aside, b"GGUF, half of it");
}

#[tokio::test]
async fn a_configured_path_is_used_or_refused_and_never_touched() {
    let folder = TempDir::new().unwrap();
    let finder = finder(&folder, &[("a", "http://127.0.0.1:9")]);
    let at = |name: &str| WeightsChoice::Path(folder.path().join(name));
    let find = async |name: &str| finder.find(&at(name), &mut |_| ()).await;

    let error = find("none.gguf").await.unwrap_err();
    assert!(matches!(error, WeightsError::Unreadable { .. }), "{error}");

    std::fs::write(folder.path().join("text.gguf"), "hello").unwrap();
    assert!(matches!(find("text.gguf").await.unwrap_err(), WeightsError::NotGguf { .. }));
    std::fs::write(folder.path().join("empty.gguf"), "").unwrap();
    assert!(matches!(find("empty.gguf").await.unwrap_err(), WeightsError::NotGguf { .. }));

    std::fs::write(folder.path().join("own.gguf"), "GGUF of my own").unwrap();
    assert_eq!(find("own.gguf").await.unwrap().name, "own");

    std::fs::write(folder.path().join("a.gguf"), &content()[..9]).unwrap();
    let error = find("a.gguf").await.unwrap_err();
    assert!(matches!(error, WeightsError::Damaged { .. }), "{error}");
    assert_eq!(std::fs::read(folder.path().join("a.gguf")).unwrap(), &content()[..9]);
    std::fs::create_dir_all(folder.path().join("models")).unwrap();
    std::fs::write(folder.path().join("a.gguf"), content()).unwrap();
    assert_eq!(find("a.gguf").await.unwrap().name, "Model a");
}

#[tokio::test]
async fn an_unknown_id_is_answered_with_those_there_are() {
    let finder = WeightsFinder::new("unused");
    let choice = WeightsChoice::Catalogue("gpt-9".to_owned());
    let error = finder.find(&choice, &mut |_| ()).await.unwrap_err().to_string();
    assert!(error.contains("gpt-9") && error.contains("smollm2-135m"), "{error}");
}
