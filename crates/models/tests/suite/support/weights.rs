//! Real weights for tests: SmolLM2, fetched once.

use std::path::{Path, PathBuf};

use domovoi_models::weights::{WeightsChoice, fetch};

/// The build folder of the workspace.
pub fn target() -> PathBuf {
    // Python takes `..` out of paths before it looks, so there must be none.
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    workspace.canonicalize().unwrap().join("target")
}

/// The file named by `DOMOVOI_TEST_WEIGHTS`, else SmolLM2 below `target/weights`.
pub async fn smollm2() -> PathBuf {
    if let Some(path) = std::env::var_os("DOMOVOI_TEST_WEIGHTS") {
        return path.into();
    }
    let choice = WeightsChoice::Catalogue("smollm2-135m".to_owned());
    fetch(&choice, &target().join("weights"), |_| ()).await.unwrap().path
}
