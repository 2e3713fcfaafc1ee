//! From the WebAssembly modules, a stylesheet and the static files to `target/dist`: hashed
//! names, compressed copies, and the manifest that maps one to the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    compress::{self, Effort},
    panic_paths, short_names, shrink,
    source_files::files_below,
    strip,
    workspace::Workspace,
};

/// `target/dist/manifest.json`: which file carries which asset. The server embeds it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Logical name (`app.css`) to file name below `assets/` (`app.0123456789abcdef.css`).
    files: BTreeMap<String, String>,
    /// Whether compressed copies were made. Part of the manifest, so that a build without
    /// them and one with them never look the same to the server's build script.
    compressed: bool,
}

/// The browser's programs: `frontend/src/bin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// Of the page of conversations.
    Chat,
    /// Of the pages of agents at work.
    Work,
}

impl Program {
    pub(crate) const ALL: [Self; 2] = [Self::Chat, Self::Work];

    const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Work => "work",
        }
    }

    fn script(self) -> String {
        format!("{}.js", self.name())
    }

    fn module(self) -> String {
        format!("{}_bg.wasm", self.name())
    }
}

/// Builds `target/dist` and returns its manifest. Files that are already there with the same
/// content are left alone, so a second call does next to nothing.
pub(crate) fn build(workspace: &Workspace, css: &str, effort: Effort) -> Result<Manifest> {
    let dist = workspace.dist();
    let assets = dist.join("assets");
    fs::create_dir_all(&assets).with_context(|| format!("creating {}", assets.display()))?;

    let mut contents = BTreeMap::new();
    let programs = std::thread::scope(|scope| {
        Program::ALL
            .map(|program| scope.spawn(move || files_of(workspace, program, effort)))
            .map(|thread| thread.join().unwrap_or_else(|_| bail!("bundling was cut off")))
    });
    for files in programs {
        contents.extend(files?);
    }
    contents.insert("app.css".to_owned(), css.as_bytes().to_vec());
    let public = workspace.path("public");
    for file in files_below(&public, &[])? {
        let name =
            file.strip_prefix(&public)?.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        contents.insert(name, bytes);
    }

    let mut manifest = Manifest { compressed: effort == Effort::Best, ..Manifest::default() };
    let mut kept = BTreeSet::new();
    for (name, bytes) in contents {
        let hashed = hashed_name(&name, &bytes);
        let path = assets.join(&hashed);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        write_if_changed(&path, &bytes)?;
        kept.insert(path.clone());
        kept.extend(compress::beside(&path, &bytes, effort)?);
        manifest.files.insert(name, hashed);
    }
    // While developing, the last server may still serve them.
    let outdated = if effort == Effort::Best { files_below(&assets, &[])? } else { Vec::new() };
    for old in outdated {
        if !kept.contains(&old) {
            fs::remove_file(&old).with_context(|| format!("removing {}", old.display()))?;
        }
    }
    let mut json = serde_json::to_string_pretty(&manifest)?;
    json.push('\n');
    write_if_changed(&dist.join("manifest.json"), json.as_bytes())?;
    Ok(manifest)
}

/// Bytes on the wire of the first load of a page, with brotli where a compressed copy exists.
pub(crate) fn first_load(
    workspace: &Workspace,
    manifest: &Manifest,
    program: Program,
) -> Result<u64> {
    let assets = workspace.dist().join("assets");
    let mut total = 0;
    for name in [program.script(), program.module(), "app.css".to_owned()] {
        let file =
            manifest.files.get(&name).with_context(|| format!("{name} is not in the manifest"))?;
        let plain = assets.join(file);
        let brotli = assets.join(format!("{file}.br"));
        let path = if brotli.exists() { brotli } else { plain };
        total += fs::metadata(&path).with_context(|| format!("reading {}", path.display()))?.len();
    }
    Ok(total)
}

/// Runs wasm-bindgen on a built module: its script and what it loads, both as small as the effort allows.
fn files_of(
    workspace: &Workspace,
    program: Program,
    effort: Effort,
) -> Result<[(String, Vec<u8>); 2]> {
    let module = workspace.wasm_module(program.name());
    let out = workspace.scratch().join("bindgen").join(program.name());
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    Bindgen::new()
        .input_path(&module)
        .out_name(program.name())
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(effort == Effort::None)
        .remove_producers_section(true)
        .generate(&out)
        .with_context(|| format!("wasm-bindgen on {}", module.display()))?;
    let (script, module) = (program.script(), program.module());
    for file in files_below(&out, &[])? {
        let name = file.strip_prefix(&out)?.to_string_lossy().into_owned();
        if name != script && name != module {
            bail!(
                "wasm-bindgen wrote {name}: a dependency brings its own JavaScript snippet, \
                 which hashed file names do not support"
            );
        }
    }
    let text = fs::read_to_string(out.join(&script)).context("wasm-bindgen wrote no script")?;
    let bytes = fs::read(out.join(&module)).context("wasm-bindgen wrote no module")?;
    let (mut bytes, text) = short_names::shorten(&bytes, &strip::strip(&text))?;
    panic_paths::blank(&mut bytes, &cargo_home());
    if effort == Effort::Best {
        bytes = shrink::shrink(workspace, program.name(), &bytes)?;
    }
    Ok([(script, text.into_bytes()), (module, bytes)])
}

/// Where cargo keeps the sources of dependencies.
fn cargo_home() -> String {
    let home = || std::env::var("HOME").unwrap_or_default() + "/.cargo";
    std::env::var("CARGO_HOME").unwrap_or_else(|_| home())
}

/// `app.css` and its content to `app.0123456789abcdef.css`.
fn hashed_name(name: &str, bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(bytes);
    let hash: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let hashed = match file.split_once('.') {
        Some((stem, extension)) if !stem.is_empty() => format!("{stem}.{hash}.{extension}"),
        _ => format!("{file}.{hash}"),
    };
    if folder.is_empty() { hashed } else { format!("{folder}/{hashed}") }
}

/// Writes a file unless it already holds these bytes, so that its time of change, which cargo
/// looks at, says the truth.
fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::hashed_name;

    #[test]
    fn the_hash_stands_before_the_extension() {
        assert_eq!(hashed_name("app.css", b""), "app.e3b0c44298fc1c14.css");
        assert_eq!(
            hashed_name("fonts/inter.var.woff2", b""),
            "fonts/inter.e3b0c44298fc1c14.var.woff2"
        );
        assert_eq!(hashed_name("LICENSE", b""), "LICENSE.e3b0c44298fc1c14");
    }
}
