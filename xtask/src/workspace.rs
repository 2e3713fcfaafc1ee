//! Where things are: the repository's folders and the build's outputs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folders every step needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the repository this `xtask` belongs to and the target folder cargo put it in.
    ///
    /// The target folder is read off this program's own path, so `CARGO_TARGET_DIR` and
    /// `build.target-dir` are honoured without asking cargo again.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().context("xtask's folder has no parent")?.to_path_buf();
        let exe = std::env::current_exe().context("finding this program's own path")?;
        let target = exe
            .ancestors()
            .find(|folder| folder.ends_with("release") || folder.ends_with("debug"))
            .and_then(Path::parent)
            .map_or_else(|| root.join("target"), Path::to_path_buf);
        Ok(Self { root, target })
    }

    /// The repository's root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the repository.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The finished web assets. Always inside the repository, whatever the target folder is,
    /// because the server embeds them by this fixed path.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("target").join("dist")
    }

    /// Stamps and intermediate files of this tool.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.root.join("target").join("xtask")
    }

    /// The server's release binary.
    pub(crate) fn server_binary(&self) -> PathBuf {
        self.binary("domovoi")
    }

    /// A release binary.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A program from the `examples` folder of a crate.
    pub(crate) fn example(&self, name: &str) -> PathBuf {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.target.join("release").join("examples").join(file)
    }

    /// The WebAssembly module of a program as rustc wrote it, before wasm-bindgen.
    pub(crate) fn wasm_module(&self, program: &str) -> PathBuf {
        self.target
            .join("wasm32-unknown-unknown")
            .join("wasm-release")
            .join(format!("{program}.wasm"))
    }
}
