//! Whose requests go through a gateway.

use std::sync::{Arc, OnceLock};

/// Whoever the requests of a [`Gateway`](super::Gateway) count for. Their name may become known
/// after it was handed out; until then the requests are nobody's. All clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Payer(Arc<OnceLock<String>>);

impl Payer {
    /// Somebody whose name is known.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        let payer = Self::default();
        payer.is(name);
        payer
    }

    /// Says who it is, where nobody has said so before.
    pub fn is(&self, name: impl Into<String>) {
        self.0.get_or_init(|| name.into());
    }

    /// The name, where it is known.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}
