//! What a person may choose.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Which weights to use.
///
/// Parsed from configuration: `auto`, an id of the catalogue, or the path of a GGUF file, which
/// is told by its separator or its ending.
///
/// ```
/// use domovoi_models::weights::WeightsChoice;
/// let parse = |text: &str| text.parse::<WeightsChoice>().unwrap();
/// assert_eq!(parse("auto"), WeightsChoice::Auto);
/// assert_eq!(parse("smollm2-135m"), WeightsChoice::Catalogue("smollm2-135m".into()));
/// assert_eq!(parse("/models/a.gguf"), WeightsChoice::Path("/models/a.gguf".into()));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WeightsChoice {
    /// The first of the catalogue's `auto` list that is on disk or can be fetched.
    #[default]
    Auto,
    /// The weights with this id in the catalogue.
    Catalogue(String),
    /// This GGUF file. Checked against the catalogue where its name is there.
    Path(PathBuf),
}

impl FromStr for WeightsChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let is_path = text.contains(std::path::is_separator) || text.ends_with(".gguf");
        Ok(match text {
            "" | "auto" => Self::Auto,
            path if is_path => Self::Path(path.into()),
            id => Self::Catalogue(id.to_owned()),
        })
    }
}

impl fmt::Display for WeightsChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Catalogue(id) => f.write_str(id),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}
