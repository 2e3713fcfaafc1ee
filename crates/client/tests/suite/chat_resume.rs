//! A turn whose connection is lost at any point ends with the message the server has.

use std::collections::VecDeque;

use domovoi_client::chat::{ChatSession, ChatStatus, Effect};
use domovoi_protocol::{
    Chunk, ClientFrame, Reducer, Role, ServerFrame, UiMessage,
    chat::{ChatDelta, ChatResponse, HistoryFrame},
    resume::{ResumeNone, ResumeNoneReason, ResumingFrame},
};
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// The model writes one chunk.
    Produce,
    /// The server reads one frame of the client.
    Read,
    /// One fetched history arrives.
    Fetched,
    /// The connection is lost.
    Lose,
    /// The connection is back.
    Open,
    /// The last live chunk comes twice.
    Repeat,
}

/// A server with one turn, a client, and what is on its way between them.
struct World {
    session: ChatSession,
    connected: bool,
    to_server: VecDeque<ClientFrame>,
    fetches: VecDeque<(u64, Vec<UiMessage>)>,
    turn: String,
    chunks: Vec<Chunk>,
    knows_after: bool,
    /// Whether the server tells what has changed, and not the whole history.
    tells_deltas: bool,
    started: bool,
    produced: usize,
    finished: bool,
    parked: bool,
    /// Whether the connection is the one the request came over.
    requester: bool,
    prompt: Option<UiMessage>,
    last_live: Option<ServerFrame>,
}

impl World {
    fn new(chunks: Vec<Chunk>, knows_after: bool, tells_deltas: bool, own: bool) -> Self {
        let mut world = Self {
            session: ChatSession::default(),
            connected: false,
            to_server: VecDeque::new(),
            fetches: VecDeque::new(),
            turn: "remote".to_owned(),
            chunks,
            knows_after,
            tells_deltas,
            started: !own,
            produced: 0,
            finished: false,
            parked: false,
            requester: false,
            prompt: (!own).then(|| UiMessage::new("u", Role::User, "Hello")),
            last_live: None,
        };
        if own {
            let effects = world.session.submit("Hello");
            world.turn = world.session.active_turn().unwrap().to_owned();
            world.prompt = world.session.messages().next().cloned();
            world.carry_out(effects);
        }
        world
    }

    fn answer(&self) -> UiMessage {
        let mut reducer = Reducer::new("unused");
        for chunk in &self.chunks {
            reducer.apply(chunk);
        }
        reducer.finish()
    }

    fn history(&self) -> Vec<UiMessage> {
        let prompt = self.prompt.iter().filter(|_| self.started).cloned();
        prompt.chain(self.finished.then(|| self.answer())).collect()
    }

    fn running(&self) -> bool {
        self.started && !self.finished
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(frame) if self.connected => self.to_server.push_back(frame),
                Effect::RefetchHistory { ticket } => {
                    let history = self.history();
                    self.fetches.push_back((ticket, history));
                }
                _ => {}
            }
        }
    }

    fn deliver(&mut self, frame: impl Into<ServerFrame>) {
        if self.connected {
            let effects = self.session.handle(&frame.into());
            self.carry_out(effects);
        }
    }

    fn offer(&mut self) {
        self.parked = true;
        self.deliver(ResumingFrame { id: self.turn.clone(), probe_id: None });
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Produce if self.running() => self.produce(),
            Step::Read => {
                if let Some(frame) = self.to_server.pop_front() {
                    self.read(frame);
                }
            }
            Step::Fetched => {
                if let Some((ticket, history)) = self.fetches.pop_front() {
                    let effects = self.session.fetched(ticket, history);
                    self.carry_out(effects);
                }
            }
            Step::Lose if self.connected => {
                self.connected = false;
                self.last_live = None;
                self.to_server.clear();
                self.session.closed();
            }
            Step::Open if !self.connected => {
                (self.connected, self.parked, self.requester) = (true, false, false);
                let effects = self.session.opened();
                self.carry_out(effects);
                if self.running() {
                    self.offer();
                }
            }
            Step::Repeat if !self.parked => {
                if let Some(frame) = self.last_live.clone() {
                    self.deliver(frame);
                }
            }
            _ => {}
        }
    }

    fn produce(&mut self) {
        if self.produced < self.chunks.len() {
            let seq = self.produced as u64;
            let frame = ChatResponse::chunk(self.turn.as_str(), seq, &self.chunks[self.produced]);
            self.produced += 1;
            if self.connected && !self.parked {
                self.last_live = Some(frame.clone().into());
                self.deliver(frame);
            }
        } else {
            self.finished = true;
            if !self.requester && !self.tells_deltas {
                self.deliver(HistoryFrame { messages: self.history() });
            }
            // The end goes to all, even to those that wait for a replay.
            self.deliver(ChatResponse::done(self.turn.as_str(), None));
        }
    }

    fn read(&mut self, frame: ClientFrame) {
        match frame {
            ClientFrame::ResumeRequest(_) if self.running() => self.offer(),
            ClientFrame::ResumeRequest(_) => {
                let reason = Some(ResumeNoneReason::Idle);
                self.deliver(ResumeNone { reason, ..ResumeNone::default() });
            }
            ClientFrame::ChatRequest(request) => {
                assert_eq!(request.id, self.turn, "one submit is one turn");
                if self.finished {
                    if self.tells_deltas {
                        self.deliver(ChatDelta { reload: true, ..ChatDelta::default() });
                    } else {
                        self.deliver(HistoryFrame { messages: self.history() });
                    }
                    self.deliver(ChatResponse::done(request.id, None));
                } else if self.started {
                    self.offer();
                } else {
                    (self.started, self.requester) = (true, true);
                    if self.tells_deltas {
                        let messages = self.prompt.clone().into_iter().collect();
                        self.deliver(ChatDelta { messages, ..ChatDelta::default() });
                    }
                }
            }
            ClientFrame::ResumeAck(ack) => {
                let after = ack.after.filter(|_| self.knows_after);
                let first = after.map_or(0, |after| after as usize + 1);
                for seq in first..self.produced {
                    let frame = ChatResponse::chunk(ack.id.as_str(), seq as u64, &self.chunks[seq]);
                    self.deliver(ChatResponse { replay: Some(true), ..frame });
                }
                self.parked = false;
                let last = if self.finished {
                    ChatResponse::done(ack.id, None)
                } else {
                    ChatResponse { id: ack.id, replay_complete: Some(true), ..Default::default() }
                };
                self.deliver(ChatResponse { replay: Some(true), ..last });
            }
            other => panic!("not expected: {other:?}"),
        }
    }

    fn settle(&mut self) {
        self.step(Step::Open);
        for _ in 0..200 {
            self.step(Step::Read);
            self.step(Step::Fetched);
            self.step(Step::Produce);
        }
    }
}

fn chunks() -> impl Strategy<Value = Vec<Chunk>> {
    let delta = prop_oneof![
        "[a-z ]{1,4}".prop_map(|delta| Chunk::text_delta("t", delta)),
        "[a-z ]{1,4}".prop_map(|delta| Chunk::ReasoningDelta {
            id: "r".to_owned(),
            delta,
            provider_metadata: None,
        }),
        Just(Chunk::StartStep),
        Just(Chunk::text_end("t")),
    ];
    prop::collection::vec(delta, 1..12).prop_map(|deltas| {
        let message_id = Some("answer".to_owned());
        let mut chunks = vec![Chunk::Start { message_id, message_metadata: None }];
        chunks.push(Chunk::text_delta("t", "A"));
        chunks.extend(deltas);
        chunks.push(Chunk::Finish { finish_reason: None, message_metadata: None });
        chunks
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(
        prop_oneof![
            6 => Just(Step::Produce),
            4 => Just(Step::Read),
            2 => Just(Step::Fetched),
            1 => Just(Step::Lose),
            2 => Just(Step::Open),
            1 => Just(Step::Repeat),
        ],
        0..60,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_and_replays_do_not_show(
        chunks in chunks(),
        knows_after in any::<bool>(),
        tells_deltas in any::<bool>(),
        own in any::<bool>(),
        steps in steps(),
    ) {
        let mut world = World::new(chunks, knows_after, tells_deltas, own);
        for step in steps {
            world.step(step);
            let ids: Vec<_> = world.session.messages().map(|message| &message.id).collect();
            prop_assert!(ids.iter().enumerate().all(|(at, id)| !ids[..at].contains(id)), "{:?}", ids);
            prop_assert!(!own || !ids.is_empty(), "the person's message is gone");
        }
        world.settle();
        prop_assert!(world.finished);
        prop_assert_eq!(world.session.messages().cloned().collect::<Vec<_>>(), world.history());
        prop_assert_eq!(world.session.status(), ChatStatus::Ready);
    }
}
