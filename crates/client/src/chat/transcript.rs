//! The messages of a conversation, of which some are being written.

use domovoi_protocol::{Chunk, Part, Reducer, Role, UiMessage, message::ToolPart, reducer::Change};

/// The messages, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Transcript {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
enum Entry {
    Settled(UiMessage),
    /// Boxed: the reducer is several times the size of a message.
    Live(Box<Live>),
}

#[derive(Debug, Clone)]
struct Live {
    turn: String,
    reducer: Reducer,
}

impl Entry {
    fn message(&self) -> &UiMessage {
        match self {
            Self::Settled(message) => message,
            Self::Live(live) => live.reducer.message(),
        }
    }
}

impl Transcript {
    pub(super) fn new(messages: Vec<UiMessage>) -> Self {
        Self { entries: messages.into_iter().map(Entry::Settled).collect() }
    }

    pub(super) fn messages(
        &self,
    ) -> impl DoubleEndedIterator<Item = &UiMessage> + ExactSizeIterator {
        self.entries.iter().map(Entry::message)
    }

    pub(super) fn get(&self, index: usize) -> Option<&UiMessage> {
        self.entries.get(index).map(Entry::message)
    }

    pub(super) fn position(&self, id: &str) -> Option<usize> {
        self.messages().rposition(|message| message.id == id)
    }

    /// Whether the message is there and nobody is writing it.
    pub(super) fn is_settled(&self, id: &str) -> bool {
        self.position(id).is_some_and(|index| matches!(self.entries[index], Entry::Settled(_)))
    }

    pub(super) fn last_of(&self, role: Role) -> Option<&UiMessage> {
        self.messages().rev().find(|message| message.role == role)
    }

    pub(super) fn push(&mut self, message: UiMessage) -> usize {
        self.entries.push(Entry::Settled(message));
        self.entries.len() - 1
    }

    pub(super) fn insert(&mut self, index: usize, message: UiMessage) {
        self.entries.insert(index, Entry::Settled(message));
    }

    /// Takes a message out that nobody is writing; whether it was there.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        let index = self.position(id).filter(|_| self.is_settled(id));
        index.map(|index| self.entries.remove(index)).is_some()
    }

    /// The turn that writes the message.
    pub(super) fn writer_of(&self, id: &str) -> Option<&str> {
        match &self.entries[self.position(id)?] {
            Entry::Live(live) => Some(&live.turn),
            Entry::Settled(_) => None,
        }
    }

    /// Leaves out everything after the message `id`, and the message itself where `with_it`.
    pub(super) fn truncate_after(&mut self, id: &str, with_it: bool) {
        if let Some(index) = self.position(id) {
            self.entries.truncate(if with_it { index } else { index + 1 });
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// The first message that is being written.
    pub(super) fn first_live(&self) -> Option<usize> {
        self.entries.iter().position(|entry| matches!(entry, Entry::Live(_)))
    }

    fn live_index(&self, turn: &str) -> Option<usize> {
        self.entries
            .iter()
            .rposition(|entry| matches!(entry, Entry::Live(live) if live.turn == turn))
    }

    /// Begins to write `turn`'s message, in the place of what it wrote before, or of the message
    /// with the same id, or at `end`; answers where, and whether it is the last place or was there
    /// before.
    pub(super) fn begin(&mut self, turn: &str, reducer: Reducer, end: usize) -> (usize, bool) {
        let place = self.live_index(turn).or_else(|| self.position(&reducer.message().id));
        let entry = Entry::Live(Box::new(Live { turn: turn.to_owned(), reducer }));
        match place {
            Some(index) => {
                self.entries[index] = entry;
                (index, true)
            }
            None => {
                self.entries.insert(end, entry);
                (end, end + 1 == self.entries.len())
            }
        }
    }

    /// Applies a chunk to the message `turn` writes.
    pub(super) fn apply(&mut self, turn: &str, chunk: &Chunk) -> Option<(usize, Change)> {
        let index = self.live_index(turn)?;
        match &mut self.entries[index] {
            Entry::Live(live) => Some((index, live.reducer.apply(chunk))),
            Entry::Settled(_) => None,
        }
    }

    /// Ends the writing of `turn`'s message.
    pub(super) fn settle(&mut self, turn: &str) -> Option<usize> {
        let index = self.live_index(turn)?;
        if let Entry::Live(live) = &self.entries[index] {
            let mut message = live.reducer.clone().finish();
            message.name_tools();
            self.entries[index] = Entry::Settled(message);
        }
        Some(index)
    }

    /// Removes the message `turn` writes, where there is nothing in it.
    pub(super) fn discard_if_empty(&mut self, turn: &str) -> bool {
        let empty = self.live_index(turn).filter(|&index| {
            self.entries[index].message().parts.iter().all(|part| match part {
                Part::StepStart => true,
                Part::Text { text, .. } => text.is_empty(),
                _ => false,
            })
        });
        if let Some(index) = empty {
            self.entries.remove(index);
        }
        empty.is_some()
    }

    /// Replaces a message that is not being written.
    pub(super) fn update(&mut self, message: &UiMessage) -> Option<usize> {
        let index = self.position(&message.id)?;
        match &mut self.entries[index] {
            Entry::Settled(settled) => {
                settled.clone_from(message);
                Some(index)
            }
            Entry::Live(_) => None,
        }
    }

    /// Edits a tool call, wherever it is.
    pub(super) fn edit_tool(
        &mut self,
        id: &str,
        edit: impl FnOnce(&mut ToolPart),
    ) -> Option<(usize, Change)> {
        let index = self.messages().rposition(|message| message.tool(id).is_some())?;
        let change = match &mut self.entries[index] {
            Entry::Live(live) => live.reducer.edit_tool(id, edit),
            Entry::Settled(message) => {
                let mut reducer = Reducer::resume(message.clone());
                let change = reducer.edit_tool(id, edit);
                message.clone_from(reducer.message());
                change
            }
        };
        Some((index, change))
    }

    /// Adds messages before all others, but for those that are here.
    pub(super) fn prepend(&mut self, mut messages: Vec<UiMessage>) {
        messages.retain(|message| self.position(&message.id).is_none());
        self.entries.splice(..0, messages.into_iter().map(Entry::Settled));
    }

    /// Takes over a history in place of all but the first `kept` messages, but goes on writing what is being written: the stream knows more.
    pub(super) fn replace(&mut self, kept: usize, history: Vec<UiMessage>) -> Vec<Held> {
        let old = std::mem::replace(self, Self::new(history));
        let (mut older, mut held) = (Vec::new(), Vec::new());
        for (index, entry) in old.entries.into_iter().enumerate() {
            match entry {
                Entry::Live(live) => held.push(Held(live)),
                Entry::Settled(message) if index < kept => older.push(message),
                Entry::Settled(_) => {}
            }
        }
        self.prepend(older);
        held
    }

    /// Puts a message that is being written back; at `end`, where the history does not have it.
    pub(super) fn restore(&mut self, Held(mut live): Held, end: usize) {
        let id = live.reducer.message().id.clone();
        match self.position(&id) {
            Some(index) => {
                if let Some(metadata) = self.entries[index].message().metadata.clone() {
                    live.reducer.apply(&Chunk::MessageMetadata { message_metadata: metadata });
                }
                self.entries[index] = Entry::Live(live);
            }
            None => self.entries.insert(end, Entry::Live(live)),
        }
    }
}

/// A message that is being written, taken out while the history around it is replaced.
pub(super) struct Held(Box<Live>);

impl Held {
    pub(super) fn turn(&self) -> &str {
        &self.0.turn
    }
}
