//! Errors in the languages of those who read them. The runtime, agents and models say everything in
//! English; an application with pages in other languages adds [`Languages`] as a
//! [service](crate::AgentsBuilder::service), and its clients are told in theirs.

use std::fmt;

use http::HeaderMap;
use serde_json::{Map, Value};

use crate::Agents;

/// What an application knows of languages.
///
/// Only clients of Domovoi's own protocol (`domovoi=1` in their query) are told in another language than
/// English: those of others look for what they know.
#[derive(Clone, Copy)]
pub struct Languages {
    /// Those beside English, by their names in HTML: `de`.
    pub others: &'static [&'static str],
    /// The language of whoever has sent these headers; `en`, or one of `others`.
    pub of: fn(&HeaderMap) -> &'static str,
    /// An English text in one of `others`; nothing where it is not known there.
    pub say: fn(text: &str, language: &str) -> Option<String>,
}

impl fmt::Debug for Languages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Languages").field(&self.others).finish()
    }
}

impl Languages {
    /// A text in all languages beside English that it is known in: what is kept is read later, and by
    /// others.
    #[must_use]
    pub fn words(&self, text: &str) -> Map<String, Value> {
        let said = |name: &&str| Some(((*name).to_owned(), (self.say)(text, name)?.into()));
        self.others.iter().filter_map(said).collect()
    }
}

/// A language that is not English, and how to say things in it.
#[derive(Clone, Copy)]
pub(crate) struct Other {
    pub(crate) name: &'static str,
    say: fn(&str, &str) -> Option<String>,
}

impl Other {
    /// That of whoever has sent these headers; nothing where it is English.
    pub(crate) fn of(agents: &Agents, headers: &HeaderMap) -> Option<Self> {
        let Languages { others, of, say } = *agents.service::<Languages>()?;
        let name = of(headers);
        others.contains(&name).then_some(Self { name, say })
    }

    /// A text in it; as it is where it is not known.
    pub(crate) fn say(self, text: &str) -> String {
        (self.say)(text, self.name).unwrap_or_else(|| text.to_owned())
    }
}
