//! What compiling C and C++ needs: SQLite, and llama.cpp for the embedded model.

use anyhow::{Context, Result};

use super::system::{Requirement, install};
use crate::process::find_program;

/// A C and C++ compiler: SQLite is compiled in.
const COMPILER: Requirement = Requirement {
    name: "a C++ compiler",
    apt: &["g++"],
    brew: &["gcc"],
    present: || {
        (find_program("cc").is_some() || find_program("clang").is_some())
            && (find_program("c++").is_some() || find_program("clang++").is_some())
    },
};

/// What llama.cpp's build runs.
const CMAKE: Requirement = Requirement {
    name: "cmake",
    apt: &["cmake", "make"],
    brew: &["cmake"],
    present: || find_program("cmake").is_some(),
};

/// What reads llama.cpp's headers.
const CLANG: Requirement = Requirement {
    name: "clang and libclang",
    apt: &["clang", "libclang-dev"],
    brew: &["llvm"],
    present: || find_program("clang").is_some() && libclang_is_there(),
};

/// Installs what the build needs. `embedded_model` off leaves llama.cpp's tools out.
pub(crate) fn native_tools(embedded_model: bool) -> Result<()> {
    install(&[COMPILER])?;
    if !embedded_model {
        return Ok(());
    }
    install(&[CMAKE, CLANG]).context(
        "the embedded model needs a few build tools \
         (to do without it: cargo xtask run --no-embedded-model)",
    )
}

/// Whether bindgen will find libclang: by its variable, or where distributions put it.
fn libclang_is_there() -> bool {
    if std::env::var_os("LIBCLANG_PATH").is_some() || !cfg!(target_os = "linux") {
        return true;
    }
    let mut folders = vec!["/usr/lib".into(), "/usr/lib64".into(), "/usr/local/lib".into()];
    if let Ok(entries) = std::fs::read_dir("/usr/lib") {
        for entry in entries.flatten() {
            folders.push(entry.path());
            folders.push(entry.path().join("lib"));
        }
    }
    folders
        .iter()
        .filter_map(|folder: &std::path::PathBuf| std::fs::read_dir(folder).ok())
        .flat_map(|entries| entries.flatten())
        .any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libclang") && name.contains(".so") && !name.contains("cpp")
        })
}
