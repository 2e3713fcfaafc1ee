//! At most so many files are open: the one that was not used for longest makes room.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;

use super::Database;

/// The open databases, by second chance: one that was used since it was last looked at stays.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    limit: usize,
    queue: Mutex<VecDeque<Weak<Database>>>,
}

impl OpenFiles {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), queue: Mutex::default() }
    }

    /// Notes a file that has just been opened, and closes others where there are too many.
    pub(crate) fn opened(&self, database: &Arc<Database>) {
        let mut queue = self.queue.lock();
        queue.push_back(Arc::downgrade(database));
        // Each is looked at twice at most: once for its second chance.
        for _ in 0..queue.len() * 2 {
            if queue.len() <= self.limit {
                return;
            }
            let Some(candidate) = queue.pop_front() else { return };
            if let Some(database) = candidate.upgrade()
                && !database.close_unless_used()
            {
                queue.push_back(candidate);
            }
        }
    }
}
