//! How many requests are before one's own.

use std::sync::Arc;

use tokio::sync::watch;

/// How many requests are before one's own, where a model has a queue. Put one into
/// [`RequestMetadata::queue`](crate::RequestMetadata::queue) and watch it; clones are the same.
///
/// ```
/// use domovoi_models::{ModelRequest, QueuePosition};
///
/// let position = QueuePosition::new();
/// let mut ahead = position.watch();
/// let mut request = ModelRequest::from("Hello");
/// request.metadata.queue = Some(position);
/// // Whatever has the queue calls this:
/// request.metadata.queue.as_ref().unwrap().set(2);
/// assert_eq!(*ahead.borrow_and_update(), 2);
/// ```
#[derive(Debug, Clone, Default)]
pub struct QueuePosition(Arc<watch::Sender<usize>>);

impl QueuePosition {
    /// Nothing is before it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says how many requests are before this one, the one that is being answered among them.
    pub fn set(&self, ahead: usize) {
        self.0.send_if_modified(|known| std::mem::replace(known, ahead) != ahead);
    }

    /// The number, and each change of it.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<usize> {
        self.0.subscribe()
    }
}

impl PartialEq for QueuePosition {
    /// Whether they are the same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for QueuePosition {}
