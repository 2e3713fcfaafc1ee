//! Callbacks for events: called in order, one at a time, never while a lock is held that the
//! callback might need.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, Weak},
};

use crate::{ClientEvent, lock::locked, platform};

type Shared = Arc<Mutex<platform::Callback>>;

/// The callbacks of a client and the events on their way to them.
#[derive(Default)]
pub(crate) struct Listeners {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next_id: u64,
    callbacks: Vec<(u64, Shared)>,
    queue: VecDeque<ClientEvent>,
    dispatching: bool,
    finished: bool,
}

/// Keeps a callback registered; dropping it removes the callback.
#[must_use = "dropping the subscription removes the callback"]
pub struct Subscription {
    listeners: Weak<Listeners>,
    id: u64,
    kept: bool,
}

impl Subscription {
    /// Leaves the callback registered for as long as the client lives.
    pub fn forget(mut self) {
        self.kept = true;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let (false, Some(listeners)) = (self.kept, self.listeners.upgrade()) {
            let removed: Vec<_> = {
                let mut state = locked(&listeners.state);
                let id = self.id;
                state.callbacks.extract_if(.., |(other, _)| *other == id).collect()
            };
            // What the callback owns may use the client while it is dropped.
            drop(removed);
        }
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Listeners {
    pub(crate) fn add(self: &Arc<Self>, callback: platform::Callback) -> Subscription {
        let mut state = locked(&self.state);
        state.next_id += 1;
        let id = state.next_id;
        state.callbacks.push((id, Arc::new(Mutex::new(callback))));
        Subscription { listeners: Arc::downgrade(self), id, kept: false }
    }

    /// Calls every callback. An event that a callback itself brings about, or that another
    /// thread brings while callbacks run, is delivered after this one by the call that runs.
    pub(crate) fn emit(&self, event: ClientEvent) {
        {
            let mut state = locked(&self.state);
            state.queue.push_back(event);
            if state.dispatching {
                return;
            }
            state.dispatching = true;
        }
        let _reset = ResetOnUnwind(self);
        while let Some((event, callbacks)) = self.next() {
            for callback in callbacks {
                (locked(&callback))(&event);
            }
        }
    }

    fn next(&self) -> Option<(ClientEvent, Vec<Shared>)> {
        let mut removed = Vec::new();
        let mut state = locked(&self.state);
        let Some(event) = state.queue.pop_front() else {
            state.dispatching = false;
            if state.finished {
                removed = std::mem::take(&mut state.callbacks);
            }
            drop(state);
            drop(removed);
            return None;
        };
        let callbacks = state.callbacks.iter().map(|(_, callback)| Arc::clone(callback)).collect();
        Some((event, callbacks))
    }

    /// Delivers what is on its way, then removes all callbacks, and with them what they own.
    pub(crate) fn finish(&self) {
        let mut state = locked(&self.state);
        state.finished = true;
        if !state.dispatching {
            let removed = std::mem::take(&mut state.callbacks);
            drop(state);
            drop(removed);
        }
    }
}

/// A callback that panics must not silence the others for ever.
struct ResetOnUnwind<'a>(&'a Listeners);

impl Drop for ResetOnUnwind<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            locked(&self.0.state).dispatching = false;
        }
    }
}
