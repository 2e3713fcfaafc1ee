//! Examples that need a model which really thinks: the embedded one, with SmolLM2's weights.
#![cfg(feature = "embedded-model")]
use std::{fs, path::Path, time::Duration};

use crate::support::Example;
use domovoi_client::AgentClient;
use domovoi_models::weights::{WeightsChoice, fetch};
use serde_json::Value;

#[tokio::test]
async fn structured_output_makes_an_errand_of_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let weights = match std::env::var_os("DOMOVOI_TEST_WEIGHTS") {
        Some(path) => path.into(),
        None => {
            let target = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("target");
            let choice = WeightsChoice::Catalogue("smollm2-135m".to_owned());
            fetch(&choice, &target.join("weights"), |_| ()).await.unwrap().path
        }
    };
    let config = folder.path().join("domovoi.toml");
    let text = format!("[model]\nprovider = 'embedded'\nthreads = 1\nweights = {weights:?}\n");
    fs::write(&config, text).unwrap();
    let data = folder.path().join("data");
    let program = env!("CARGO_BIN_EXE_structured_output");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--config", config.to_str().unwrap()];
    let arguments = [&arguments[..], &["--data-dir", data.to_str().unwrap()]].concat();
    let example = Example::start(program, &arguments, "");
    let options = example.options("notebook", "mine");
    let client = AgentClient::new(options.call_timeout(Some(Duration::from_secs(100))));
    client.start();
    let errand: Value = client.call("note", ("Buy milk for tomorrow, quick!",)).await.unwrap();
    assert!(errand["what"].as_str().unwrap().chars().count() <= 60, "{errand}");
    assert!(["today", "soon", "whenever"].contains(&errand["urgency"].as_str().unwrap()));
    assert!((1..=480).contains(&errand["minutes"].as_u64().unwrap()), "{errand}");
    assert_eq!(errand.as_object().unwrap().len(), 3);
}
