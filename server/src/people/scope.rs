//! What an API token is good for.

use clap::ValueEnum;

/// What an API token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    /// Models, by their routes
    Models,
    /// The assistant as a model, and all agents by HTTP and WebSocket
    Agents,
    /// Reading what agents have: messages, exports, files
    Read,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Models, Self::Agents, Self::Read];

    /// Its name in the database and on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Models => "models",
            Self::Agents => "agents",
            Self::Read => "read",
        }
    }

    /// Scopes as they are kept. A name that only a later version knows gives nothing.
    pub(super) fn parse_all(text: &str) -> Vec<Self> {
        let named = |name| Self::ALL.into_iter().find(|scope| scope.name() == name);
        text.split_whitespace().filter_map(named).collect()
    }

    /// As [`Scope::parse_all`] reads them.
    pub(super) fn write_all(scopes: &[Self]) -> String {
        let names: Vec<_> =
            Self::ALL.into_iter().filter(|scope| scopes.contains(scope)).map(Self::name).collect();
        names.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_kept_by_name_and_unknown_ones_give_nothing() {
        assert_eq!(Scope::write_all(&[Scope::Read, Scope::Models, Scope::Read]), "models read");
        assert_eq!(Scope::parse_all("agents later models"), [Scope::Agents, Scope::Models]);
        assert_eq!(Scope::parse_all(""), []);
    }
}
