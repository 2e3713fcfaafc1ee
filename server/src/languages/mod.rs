//! Errors in the languages of the pages. Agents, models and the runtime say what is wrong in English;
//! `de.json` has each of these texts with what it is in German, with the pieces that vary in braces.
//! A piece that is a text of its own, such as what a provider has said, is looked up in turn.
//!
//! Texts that are written for a page by name are in `app/locales`. These are here since they come from
//! crates that know of no pages, are kept in databases, and would be weight in the browser.

mod refusals;

use std::{collections::BTreeMap, sync::LazyLock};

use domovoi_agents::Languages;
use domovoi_app::language::Lang;
use http::HeaderMap;

pub(crate) use refusals::refusals;

/// What agents tell their clients by.
pub(crate) const LANGUAGES: Languages = Languages {
    others: &["de"],
    of: |headers: &HeaderMap| Lang::of(headers).name(),
    say: |text, language| (language == Lang::De.name()).then(|| german(text))?,
};

/// An error in a language; as it is where it is not known there.
pub(crate) fn say(text: &str, lang: Lang) -> String {
    let said = (LANGUAGES.say)(text, lang.name());
    said.unwrap_or_else(|| text.to_owned())
}

/// An English text, as what stands between the pieces that vary, and its German.
struct Entry {
    between: Vec<&'static str>,
    names: Vec<&'static str>,
    german: &'static str,
}

static GERMAN: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let texts: BTreeMap<&str, &str> =
        serde_json::from_str(include_str!("de.json")).unwrap_or_default();
    let mut entries: Vec<Entry> =
        texts.into_iter().map(|(text, it)| Entry::new(text, it)).collect();
    // The one that says most by itself is the one that is meant.
    entries
        .sort_by_key(|it| std::cmp::Reverse(it.between.iter().map(|it| it.len()).sum::<usize>()));
    entries
});

fn german(text: &str) -> Option<String> {
    let (entry, pieces) = GERMAN.iter().find_map(|entry| Some((entry, entry.pieces_of(text)?)))?;
    let mut said = entry.german.to_owned();
    for (name, piece) in entry.names.iter().zip(pieces) {
        let piece = german(piece).unwrap_or_else(|| piece.to_owned());
        said = said.replacen(&["{", name, "}"].concat(), &piece, 1);
    }
    Some(said)
}

impl Entry {
    fn new(text: &'static str, german: &'static str) -> Self {
        let (mut between, mut names) = (Vec::new(), Vec::new());
        let mut rest = text;
        while let Some((before, name, after)) = next_piece(rest) {
            between.push(before);
            names.push(name);
            rest = after;
        }
        between.push(rest);
        Self { between, names, german }
    }

    /// The pieces of a text that is this one.
    fn pieces_of<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let (first, others) = self.between.split_first()?;
        let mut rest = text.strip_prefix(first)?;
        let Some((last, middle)) = others.split_last() else {
            return rest.is_empty().then(Vec::new);
        };
        let mut pieces = Vec::with_capacity(others.len());
        for between in middle {
            let (piece, after) = rest.split_once(between)?;
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest.strip_suffix(last)?);
        Some(pieces)
    }
}

/// What is before the first `{name}`, the name, and what comes after.
fn next_piece(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use domovoi_models::ModelError;

    use super::*;

    fn in_german(text: &str) -> String {
        let said = say(text, Lang::De);
        assert_ne!(said, text);
        assert_eq!(say(text, Lang::En), text);
        said
    }

    #[test]
    fn a_text_and_the_texts_in_it_are_said_in_german() {
        assert_eq!(in_german("A folder needs a name."), "Ein Ordner braucht einen Namen.");
        let (status, message) = (Some(500), "the answer was empty (HTTP 500)".to_owned());
        assert_eq!(
            in_german(&ModelError::Provider { status, message }.to_string()),
            "Der Anbieter des Modells hat mit einem Fehler geantwortet: Die Antwort war leer \
             (HTTP 500). Versuche es noch einmal."
        );
        let attempt =
            |name: &str| format!("{name} (9 MB) from pypi: cannot be reached (no route).");
        let attempts = format!(
            "No language model could be fetched. {} {} {} Set the address and API key of a model \
             provider, or the path of a GGUF file, in the configuration.",
            attempt("A"),
            attempt("B"),
            attempt("C")
        );
        let said = in_german(&attempts);
        let one = |name: &str| format!("{name} (9 MB) von pypi: nicht zu erreichen (no route). ");
        let expected = [one("A"), one("B"), one("C")].concat();
        assert!(said.contains(&format!("{expected}Trage")), "{said}");
        assert_eq!(say("{count}", Lang::De), "{count}");
        assert_eq!(say("what nobody says", Lang::De), "what nobody says");
    }

    #[test]
    fn german_has_no_piece_that_english_has_not() {
        assert!(GERMAN.len() > 100);
        for Entry { names, german, between } in GERMAN.iter() {
            let mut rest = *german;
            while let Some((_, name, after)) = next_piece(rest) {
                assert!(names.contains(&name), "{between:?}: {german}");
                rest = after;
            }
        }
    }

    #[test]
    fn every_error_of_a_model_is_known() {
        let text = || "x".to_owned();
        let soon = |seconds| Some(std::time::Duration::from_secs(seconds));
        let limited = |after, message| ModelError::RateLimited { retry_after: after, message };
        let errors = [
            ModelError::Loading,
            ModelError::Busy { waiting: 3 },
            ModelError::Unauthorized { endpoint: text() },
            ModelError::Unreachable { endpoint: text(), source: "x".into() },
            limited(None, None),
            limited(soon(1), Some(text())),
            limited(soon(9), None),
            limited(soon(999), Some(text())),
            ModelError::TimedOut { after: std::time::Duration::from_secs(3) },
            ModelError::Provider { status: None, message: text() },
            ModelError::Provider { status: Some(404), message: text() },
            ModelError::Provider { status: Some(400), message: text() },
            ModelError::ContextExceeded { tokens: 2, limit: 1 },
            ModelError::Interrupted(None),
        ];
        for error in errors {
            let said = in_german(&error.to_string());
            for english in ["The ", "lease", "gain", " in a "] {
                assert!(!said.contains(english), "{said}");
            }
        }
    }

    /// All of our Rust, with texts over several lines as one.
    fn sources(folder: &std::path::Path) -> String {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let texts = entries.map(|path| match path.extension() {
            _ if path.is_dir() => sources(&path),
            Some(extension) if extension == "rs" => {
                let text = std::fs::read_to_string(path).unwrap();
                let mut lines = text.split("\\\n");
                let first = lines.next().unwrap_or_default().to_owned();
                lines.fold(first, |joined, line| joined + line.trim_start())
            }
            _ => String::new(),
        });
        texts.collect()
    }

    #[test]
    fn german_is_of_what_is_still_said() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let said: String = ["src", "../crates/agents/src", "../crates/models/src", "../app/src"]
            .map(|folder| sources(&root.join(folder)))
            .concat();
        // Code puts these together.
        let together = [
            "1 attachment",
            "All of",
            "the server's log",
            "asked too often",
            "address `",
            "turn ",
            "call of",
        ];
        for Entry { between, .. } in GERMAN.iter() {
            let text = between.concat();
            let sentences = between.iter().flat_map(|piece| piece.split(". "));
            let mut words = sentences.map(|it| it.trim_matches([' ', '.', ',', ':', '(', ')']));
            let is_said = words.all(|words| words.len() < 4 || said.contains(words));
            assert!(is_said || together.iter().any(|it| text.contains(it)), "{text}");
        }
    }
}
