//! Real weights for tests: SmolLM2, fetched once.

use std::path::PathBuf;

use domovoi_models::weights::{WeightsChoice, fetch};

/// The build folder of the workspace.
pub fn target() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "target"].iter().collect()
}

/// The file named by `DOMOVOI_TEST_WEIGHTS`, else SmolLM2 below `target/weights`.
pub async fn smollm2() -> PathBuf {
    if let Some(path) = std::env::var_os("DOMOVOI_TEST_WEIGHTS") {
        return path.into();
    }
    let choice = WeightsChoice::Catalogue("smollm2-135m".to_owned());
    fetch(&choice, &target().join("weights"), |_| ()).await.unwrap().path
}
