//! What a person and a server do to a `ChatSession`.

use domovoi_client::chat::{Changed, ChatSession, ChatStatus, Effect, HistoryPage};
use domovoi_protocol::{
    Chunk, ClientFrame, Role, ServerFrame, UiMessage,
    chat::{ChatDelta, ChatRequest, ChatResponse, HistoryFrame, MessageUpdated, Outcome, Trigger},
    frame::Empty,
    message::ToolState,
    resume::{PendingFrame, RecoveringFrame, ResumeNone, ResumingFrame},
};
use serde_json::json;

fn start(id: &str) -> Chunk {
    Chunk::Start { message_id: Some(id.to_owned()), message_metadata: None }
}

fn chunk(turn: &str, seq: u64, chunk: Chunk) -> ServerFrame {
    ChatResponse::chunk(turn, seq, &chunk).into()
}

fn done(turn: &str, outcome: Option<Outcome>) -> ServerFrame {
    ChatResponse::done(turn, outcome).into()
}

fn resuming(id: &str) -> ServerFrame {
    ResumingFrame { id: id.to_owned(), probe_id: None }.into()
}

fn history(messages: &[UiMessage]) -> ServerFrame {
    HistoryFrame { messages: messages.to_vec() }.into()
}

fn user(id: &str) -> UiMessage {
    UiMessage::new(id, Role::User, format!("text of {id}"))
}

fn sent(effects: &[Effect]) -> Vec<&ClientFrame> {
    let frames = effects.iter().filter_map(|effect| match effect {
        Effect::Send(frame) => Some(frame),
        _ => None,
    });
    frames.collect()
}

fn request(effects: &[Effect]) -> Option<ChatRequest> {
    sent(effects).into_iter().find_map(|frame| match frame {
        ClientFrame::ChatRequest(request) => Some(request.clone()),
        _ => None,
    })
}

fn ticket(effects: &[Effect]) -> Option<u64> {
    effects.iter().find_map(|effect| match effect {
        Effect::RefetchHistory { ticket } => Some(*ticket),
        _ => None,
    })
}

fn ack(effects: &[Effect]) -> Option<Option<u64>> {
    sent(effects).into_iter().find_map(|frame| match frame {
        ClientFrame::ResumeAck(ack) => Some(ack.after),
        _ => None,
    })
}

fn texts(session: &ChatSession) -> Vec<String> {
    session.messages().map(UiMessage::text).collect()
}

/// A session on an open connection whose history is known.
fn open_session(messages: Vec<UiMessage>) -> ChatSession {
    let mut session = ChatSession::default();
    let ticket = ticket(&session.opened()).unwrap();
    session.fetched(ticket, messages);
    session
}

/// A session with a turn of its own that has sent `A`.
fn streaming_session() -> (ChatSession, String) {
    let mut session = open_session(vec![]);
    let turn = request(&session.submit("Hello")).unwrap().id;
    session.handle(&chunk(&turn, 0, start("a")));
    session.handle(&chunk(&turn, 1, Chunk::text_delta("t", "A")));
    (session, turn)
}

#[test]
fn a_turn_from_submit_to_end() {
    let mut session = open_session(vec![]);
    let effects = session.submit("Hello");
    let request = request(&effects).unwrap();
    let body = request.body().unwrap();
    assert_eq!(body.trigger, Trigger::SubmitMessage);
    assert_eq!(body.messages[0].text(), "Hello");
    assert!(effects.contains(&Effect::Changed(Changed::Message(0))));
    assert_eq!(session.status(), ChatStatus::Submitted);
    assert_eq!(session.active_turn(), Some(request.id.as_str()));

    let effects = session.handle(&chunk(&request.id, 0, start("a")));
    assert_eq!(effects, [Effect::Changed(Changed::Message(1)), Effect::Changed(Changed::Status)]);
    assert_eq!(session.status(), ChatStatus::Streaming);
    let effects = session.handle(&chunk(&request.id, 1, Chunk::text_delta("t", "Hi")));
    assert_eq!(effects, [Effect::Changed(Changed::Part { message: 1, part: 0 })]);

    session.handle(&done(&request.id, None));
    assert_eq!(session.status(), ChatStatus::Ready);
    assert_eq!(texts(&session), ["Hello", "Hi"]);
    assert_eq!(session.message(1).unwrap().id, "a");
    assert!(session.handle(&chunk(&request.id, 2, Chunk::text_delta("t", "late"))).is_empty());
}

#[test]
fn a_failed_turn_shows_its_error_until_the_next() {
    let (mut session, turn) = streaming_session();
    session.handle(&ChatResponse::error(turn.as_str(), "no key").into());
    session.handle(&done(&turn, Some(Outcome::Error)));
    assert_eq!((session.status(), session.error()), (ChatStatus::Error, Some("no key")));
    let metadata = session.message(1).unwrap().metadata.clone();
    assert_eq!(metadata, Some(json!({"turn": {"outcome": "error", "error": "no key"}})));
    session.submit("Again");
    assert_eq!((session.status(), session.error()), (ChatStatus::Submitted, None));
}

#[test]
fn an_error_is_that_of_the_newest_turn_whoever_asked_for_it() {
    let failed = |session: &mut ChatSession, turn: &str| {
        session.handle(&ChatResponse::error(turn, "no key").into());
        session.handle(&done(turn, Some(Outcome::Error)));
        assert_eq!((session.status(), session.error()), (ChatStatus::Error, Some("no key")));
    };
    let question = ChatDelta { messages: vec![user("2")], ..ChatDelta::default() };
    let version = ChatDelta { reload: true, ..ChatDelta::default() };
    let rated = ChatDelta { updated: vec![user("1")], ..ChatDelta::default() };
    let goes_on = [
        ("an answer", chunk("u", 0, start("b")), true),
        ("a question", question.into(), true),
        ("another version", version.into(), true),
        ("a stop before the first word", done("u", Some(Outcome::Aborted)), true),
        ("a reconnect to a server that knows of none", ResumeNone::default().into(), true),
        ("a rating", rated.into(), false),
        ("the same end once more", done("t", Some(Outcome::Error)), false),
    ];
    for (what, frame, ends) in goes_on {
        let mut session = open_session(vec![user("1")]);
        failed(&mut session, "t");
        session.handle(&frame);
        assert_eq!(session.error().is_none(), ends, "{what}");
    }
    // Who comes later is told.
    let mut session = open_session(vec![user("1")]);
    let error = Some("no key".to_owned());
    session.handle(&ResumeNone { error: error.clone(), ..ResumeNone::default() }.into());
    assert_eq!((session.status(), session.error()), (ChatStatus::Error, Some("no key")));
    // That is not why what was sent since has no answer.
    session.submit("Again");
    session.handle(&ResumeNone { error, ..ResumeNone::default() }.into());
    assert_eq!((session.status(), session.error()), (ChatStatus::Submitted, None));
}

#[test]
fn a_turn_that_fails_at_once_leaves_no_empty_message() {
    let mut session = open_session(vec![]);
    let turn = request(&session.submit("Hello")).unwrap().id;
    session.handle(&chunk(&turn, 0, start("a")));
    session.handle(&ChatResponse::error(turn.as_str(), "no key").into());
    session.handle(&done(&turn, Some(Outcome::Error)));
    assert_eq!(texts(&session), ["Hello"]);
}

#[test]
fn stop_asks_the_server_and_keeps_what_is_there() {
    let (mut session, turn) = streaming_session();
    let effects = session.stop();
    assert!(matches!(sent(&effects)[..], [ClientFrame::ChatCancel(frame)] if frame.id == turn));
    assert_eq!(session.status(), ChatStatus::Streaming);
    session.handle(&done(&turn, Some(Outcome::Aborted)));
    assert_eq!(session.status(), ChatStatus::Ready);
    assert_eq!(session.message(1).unwrap().metadata, Some(json!({"turn": {"outcome": "aborted"}})));
}

#[test]
fn without_a_connection_a_submit_waits_and_keeps_its_id() {
    let mut session = ChatSession::default();
    assert_eq!(request(&session.submit("Hello")), None);
    let turn = session.active_turn().unwrap().to_owned();
    for _ in 0..2 {
        assert_eq!(request(&session.opened()).unwrap().id, turn);
        session.handle(&ResumeNone::default().into());
        assert_eq!(session.status(), ChatStatus::Submitted);
        session.closed();
    }
    session.opened();
    // It waits there in memory: a server that was started anew knows nothing of it.
    session.handle(&PendingFrame { id: Some(turn.clone()), probe_id: None }.into());
    session.closed();
    assert_eq!(request(&session.opened()).unwrap().id, turn);
    session.handle(&resuming(&turn));
    session.closed();
    assert_eq!(request(&session.opened()), None);
}

#[test]
fn a_turn_that_ran_while_there_was_no_connection_ends_while_others_talk() {
    for heard in [true, false] {
        let mut session = open_session(vec![]);
        let turn = request(&session.submit("Hello")).unwrap().id;
        let prompt = session.message(0).unwrap().clone();
        if heard {
            let messages = vec![prompt.clone()];
            session.handle(&ChatDelta { messages, ..ChatDelta::default() }.into());
        }
        session.closed();
        let mut effects = session.opened();
        // It has begun and another one runs, so that it is over.
        let noticed = session.handle(&resuming("other"));
        assert_eq!(ticket(&noticed).is_some(), heard);
        effects.extend(noticed);
        let ticket = effects.iter().rev().find_map(|effect| match effect {
            Effect::RefetchHistory { ticket } => Some(*ticket),
            _ => None,
        });
        session.handle(&ChatDelta { messages: vec![user("q")], ..ChatDelta::default() }.into());
        let answer = UiMessage::new("a", Role::Assistant, "Hi");
        session.fetched(ticket.unwrap(), vec![prompt, answer]);
        assert!(!session.is_running(&turn));
        // What comes before and after them, the next history tells.
        assert!(texts(&session).windows(2).any(|pair| pair == ["Hello", "Hi"]));
    }
}

#[test]
fn stop_without_a_connection_takes_the_submit_back() {
    let mut session = ChatSession::default();
    session.submit("Hello");
    session.stop();
    assert_eq!(session.status(), ChatStatus::Ready);
    assert_eq!(request(&session.opened()), None);
}

#[test]
fn what_was_stopped_before_the_server_took_it_is_gone() {
    let (mut session, running) = streaming_session();
    let waiting = request(&session.submit("me too")).unwrap().id;
    session.handle(&PendingFrame { id: Some(waiting.clone()), probe_id: None }.into());
    let effects = session.handle(&done(&waiting, Some(Outcome::Aborted)));
    assert_eq!(texts(&session), ["Hello", "A"]);
    assert!(effects.contains(&Effect::Changed(Changed::Messages)));
    // What it has may be out of date, and the history tells.
    assert!(ticket(&effects).is_some());
    assert_eq!(session.active_turn(), Some(running.as_str()));
}

#[test]
fn what_was_stopped_after_the_server_took_it_stays() {
    let mut session = open_session(vec![]);
    let turn = request(&session.submit("Hello")).unwrap().id;
    let messages = vec![session.message(0).unwrap().clone()];
    session.handle(&ChatDelta { messages, ..ChatDelta::default() }.into());
    session.handle(&done(&turn, Some(Outcome::Aborted)));
    assert_eq!(texts(&session), ["Hello"]);
}

#[test]
fn answers_that_a_stopped_regenerate_hid_come_back() {
    let kept = vec![user("q"), UiMessage::new("a", Role::Assistant, "A")];
    let mut session = open_session(kept.clone());
    let turn = request(&session.regenerate()).unwrap().id;
    assert_eq!(session.messages().len(), 1);
    let effects = session.handle(&done(&turn, Some(Outcome::Aborted)));
    session.fetched(ticket(&effects).unwrap(), kept);
    assert_eq!(texts(&session), ["text of q", "A"]);
}

#[test]
fn a_stop_that_may_be_lost_is_sent_again() {
    let (mut session, turn) = streaming_session();
    session.stop();
    session.closed();
    let effects = session.opened();
    let stops =
        |frame: &&ClientFrame| matches!(frame, ClientFrame::ChatCancel(it) if it.id == turn);
    assert_eq!(sent(&effects).into_iter().filter(stops).count(), 1);
}

#[test]
fn an_answer_the_history_has_already_is_not_written_once_more() {
    let mut session = ChatSession::default();
    session.submit("Hello");
    let turn = session.active_turn().unwrap().to_owned();
    let effects = session.opened();
    let prompt = session.message(0).unwrap().clone();
    let answer = UiMessage::new("a", Role::Assistant, "AB");
    session.fetched(ticket(&effects).unwrap(), vec![prompt, answer]);
    for frame in [
        chunk(&turn, 0, start("a")),
        chunk(&turn, 1, Chunk::text_start("t")),
        chunk(&turn, 2, Chunk::text_delta("t", "A")),
        done(&turn, None),
    ] {
        session.handle(&frame);
        assert_eq!(texts(&session), ["Hello", "AB"]);
        assert_eq!(session.status(), ChatStatus::Ready);
    }
}

#[test]
fn a_reconnect_asks_for_the_tail_once() {
    let (mut session, turn) = streaming_session();
    session.closed();
    let effects = session.opened();
    assert!(matches!(sent(&effects)[..], [ClientFrame::ResumeRequest(_)]));
    assert_eq!(ack(&session.handle(&resuming(&turn))), Some(Some(1)));
    assert_eq!(ack(&session.handle(&resuming(&turn))), None);
    let tail = ChatResponse::chunk(turn.as_str(), 2, &Chunk::text_delta("t", "B"));
    session.handle(&ChatResponse { replay: Some(true), ..tail }.into());
    session.handle(&done(&turn, None));
    assert_eq!(texts(&session), ["Hello", "AB"]);
}

#[test]
fn a_late_joiner_gets_the_whole_turn() {
    let mut session = open_session(vec![user("u")]);
    assert_eq!(ack(&session.handle(&resuming("r"))), Some(None));
    assert_eq!(session.status(), ChatStatus::Submitted);
    session.handle(&chunk("r", 0, start("a")));
    session.handle(&chunk("r", 1, Chunk::text_delta("t", "A")));
    assert_eq!(texts(&session), ["text of u", "A"]);
}

#[test]
fn a_turn_that_ended_unheard_is_read_from_the_history() {
    let (mut session, _) = streaming_session();
    let prompt = session.message(0).unwrap().clone();
    session.closed();
    let stale = ticket(&session.opened()).unwrap();
    let fresh = ticket(&session.handle(&ResumeNone::default().into())).unwrap();
    assert!(session.fetched(stale, vec![]).is_empty());
    session.fetched(fresh, vec![prompt, UiMessage::new("a", Role::Assistant, "All")]);
    assert_eq!(texts(&session), ["Hello", "All"]);
    assert_eq!(session.status(), ChatStatus::Ready);
}

#[test]
fn a_history_that_is_older_than_what_is_known_is_asked_for_again() {
    let mut session = ChatSession::default();
    let first = ticket(&session.opened()).unwrap();
    session.submit("Hello");
    let second = ticket(&session.fetched(first, vec![])).unwrap();
    assert_eq!(texts(&session), ["Hello"]);
    session.fetched(second, vec![]);
    assert_eq!(texts(&session), ["Hello"], "the server does not have it yet");
}

#[test]
fn a_history_that_is_out_of_date_tells_how_turns_have_ended() {
    let (mut session, turn) = streaming_session();
    session.closed();
    session.opened();
    let none = session.handle(&ResumeNone::default().into());
    let first = ticket(&none).unwrap();
    // Others go on talking while it is on its way.
    session.handle(&chunk("other", 0, start("b")));
    session.handle(&done("other", None));
    assert!(session.is_running(&turn));
    let kept = [user("q"), UiMessage::new("a", Role::Assistant, "Hello, you")];
    let effects = session.fetched(first, kept.to_vec());
    assert!(!session.is_running(&turn));
    assert!(texts(&session).contains(&"Hello, you".to_owned()), "{:?}", texts(&session));
    // The rest is in the next one.
    let second = ticket(&effects).unwrap();
    assert!(second > first);
    session.fetched(second, kept.to_vec());
    assert_eq!(session.messages().count(), 2);
}

#[test]
fn a_pushed_history_keeps_what_is_being_written() {
    let (mut session, turn) = streaming_session();
    session.handle(&history(&[user("u")]));
    assert_eq!(texts(&session), ["text of u", "Hello", "A"]);
    session.handle(&chunk(&turn, 2, Chunk::text_delta("t", "B")));
    session.handle(&history(&[user("u"), UiMessage::new("a", Role::Assistant, "old")]));
    assert_eq!(texts(&session)[1], "AB");
}

#[test]
fn turns_of_others_are_written_too() {
    let mut session = open_session(vec![]);
    session.handle(&history(&[user("u")]));
    session.handle(&chunk("other", 0, start("a")));
    session.handle(&chunk("other", 1, Chunk::text_delta("t", "A")));
    assert_eq!(session.status(), ChatStatus::Streaming);
    session.handle(&done("other", None));
    assert_eq!(texts(&session), ["text of u", "A"]);
}

#[test]
fn a_turn_whose_beginning_is_missing_is_read_from_the_history() {
    let mut session = open_session(vec![]);
    session.handle(&chunk("other", 4, Chunk::text_delta("t", "B")));
    assert!(ticket(&session.handle(&done("other", None))).is_some());
}

#[test]
fn clearing_is_for_everyone() {
    let (mut session, turn) = streaming_session();
    assert!(matches!(sent(&session.clear())[..], [ClientFrame::ChatClear(_)]));
    session.handle(&chunk(&turn, 2, Chunk::text_delta("t", "late")));
    assert_eq!(session.messages().len(), 0);
    assert_eq!(session.status(), ChatStatus::Ready);

    let (mut session, turn) = streaming_session();
    session.handle(&ServerFrame::ChatClear(Empty {}));
    session.handle(&chunk(&turn, 2, Chunk::text_delta("t", "late")));
    assert_eq!(session.messages().len(), 0);

    // A history that was asked for before, and again since, and was quicker than the clearing.
    let kept = vec![user("u"), UiMessage::new("a", Role::Assistant, "old")];
    let mut session = open_session(kept.clone());
    let first = ticket(&[session.refetch()]).unwrap();
    session.clear();
    session.submit("Just now");
    let second = ticket(&session.fetched(first, kept.clone())).unwrap();
    session.fetched(second, kept);
    session.handle(&ServerFrame::ChatClear(Empty {}));
    assert_eq!(texts(&session), ["Just now"]);

    let mut session = open_session(vec![user("u")]);
    session.submit("Just now");
    session.handle(&ServerFrame::ChatClear(Empty {}));
    assert_eq!(texts(&session), ["Just now"]);
}

#[test]
fn regenerating_drops_the_last_answer() {
    let mut session =
        open_session(vec![user("u"), UiMessage::new("a", Role::Assistant, "first answer")]);
    let request = request(&session.regenerate()).unwrap();
    let body = request.body().unwrap();
    assert_eq!((body.trigger, body.messages.len()), (Trigger::RegenerateMessage, 1));
    session.handle(&history(&[user("u"), UiMessage::new("a", Role::Assistant, "first answer")]));
    assert_eq!(texts(&session), ["text of u"], "the server has not begun");
    session.handle(&chunk(&request.id, 0, start("b")));
    session.handle(&chunk(&request.id, 1, Chunk::text_delta("t", "second")));
    session.handle(&done(&request.id, None));
    assert_eq!(texts(&session), ["text of u", "second"]);
    assert!(ChatSession::default().regenerate().is_empty());
}

#[test]
fn fields_of_one_request_are_those_of_no_other() {
    let mut session =
        open_session(vec![user("u"), UiMessage::new("a", Role::Assistant, "first answer")]);
    let fields = |name: &str| json!({ name: 1 }).as_object().cloned().unwrap();
    session.set_custom_fields(fields("every"));
    let effects = session.regenerate_message_with("a", fields("one"));
    let custom = request(&effects).unwrap().body().unwrap().custom;
    assert_eq!(custom.keys().collect::<Vec<_>>(), ["every", "one"]);
    let custom = request(&session.submit("next")).unwrap().body().unwrap().custom;
    assert_eq!(custom, fields("every"));
    assert!(session.regenerate_message_with("none", fields("one")).is_empty());
}

#[test]
fn an_edited_message_replaces_what_came_after_it() {
    let answer = UiMessage::new("a", Role::Assistant, "answer");
    let mut session = open_session(vec![user("u"), answer, user("v")]);
    let edited = UiMessage::new("u", Role::User, "edited");
    let body = request(&session.submit_message(edited)).unwrap().body().unwrap();
    assert_eq!(body.messages.len(), 1);
    assert_eq!(texts(&session), ["edited"]);
    session.handle(&history(&[user("u"), user("v")]));
    assert_eq!(texts(&session), ["edited"]);
}

#[test]
fn a_message_that_two_pages_send_is_one_turn_until_it_is_edited() {
    let send = |session: &mut ChatSession| request(&session.submit_message(user("u"))).unwrap().id;
    let (mut one, mut other) = (open_session(vec![]), open_session(vec![]));
    let turn = send(&mut one);
    assert_eq!(send(&mut other), turn);
    other.handle(&chunk(&turn, 0, start("a")));
    other.handle(&done(&turn, None));
    assert_eq!(other.status(), ChatStatus::Ready);
    assert_ne!(send(&mut other), turn);
}

#[test]
fn a_request_has_only_what_is_new() {
    let answer = UiMessage::new("a", Role::Assistant, "answer");
    let mut session = open_session(vec![user("u"), answer, user("v")]);
    let listed = |effects: &[Effect]| -> Vec<String> {
        let body = request(effects).unwrap().body().unwrap();
        body.messages.into_iter().map(|message| message.id).collect()
    };
    assert_eq!(listed(&session.regenerate()), ["v"]);
    let new = session.submit("Hello");
    assert_eq!(listed(&new), [session.messages().last().unwrap().id.clone()]);
    assert_eq!(listed(&session.submit_message(UiMessage::new("u", Role::User, "edited"))), ["u"]);
}

#[test]
fn a_delta_changes_the_history() {
    let answer = UiMessage::new("a", Role::Assistant, "answer");
    let mut session = open_session(vec![user("u"), answer, user("v")]);
    let removed = vec!["a".to_owned(), "unknown".to_owned()];
    let updated = vec![
        UiMessage::new("u", Role::User, "other words"),
        UiMessage::new("not loaded", Role::User, "from long ago"),
    ];
    let messages = vec![UiMessage::new("v", Role::User, "edited"), user("w")];
    let delta = ChatDelta { messages, removed, updated, reload: false };
    assert_eq!(session.handle(&delta.into()), [Effect::Changed(Changed::Messages)]);
    assert_eq!(texts(&session), ["other words", "edited", "text of w"]);

    let messages = vec![user("w")];
    let effects = session.handle(&ChatDelta { messages, ..ChatDelta::default() }.into());
    assert_eq!(effects, [Effect::Changed(Changed::Message(2))]);
    let reload = ChatDelta { reload: true, ..ChatDelta::default() };
    let ticket = ticket(&session.handle(&reload.into())).unwrap();
    session.fetched(ticket, vec![user("u")]);
    assert_eq!(texts(&session), ["text of u"]);
}

#[test]
fn what_others_say_comes_before_what_the_server_has_not_come_to() {
    let mut session = open_session(vec![user("u")]);
    let own = request(&session.submit("mine")).unwrap().id;
    let delta = ChatDelta { messages: vec![user("theirs")], ..ChatDelta::default() };
    session.handle(&delta.into());
    session.handle(&chunk("other", 0, start("a")));
    session.handle(&chunk("other", 1, Chunk::text_delta("t", "answer")));
    assert_eq!(texts(&session), ["text of u", "text of theirs", "answer", "mine"]);
    session.handle(&done("other", None));
    session.handle(&chunk(&own, 0, start("b")));
    session.handle(&chunk(&own, 1, Chunk::text_delta("t", "to me")));
    assert_eq!(texts(&session), ["text of u", "text of theirs", "answer", "mine", "to me"]);
}

#[test]
fn an_answer_that_is_kept_in_other_words_is_read_from_the_history() {
    let (mut session, turn) = streaming_session();
    let kept = UiMessage::new("a", Role::Assistant, "kept");
    let delta = ChatDelta { messages: vec![kept.clone()], ..ChatDelta::default() };
    session.handle(&delta.into());
    assert_eq!(texts(&session), ["Hello", "A"]);
    let prompt = session.message(0).unwrap().clone();
    let ticket = ticket(&session.handle(&done(&turn, None))).unwrap();
    session.fetched(ticket, vec![prompt, kept]);
    assert_eq!(texts(&session), ["Hello", "kept"]);
}

fn page(ids: &[&str], has_older: bool) -> HistoryPage {
    HistoryPage { messages: ids.iter().map(|id| user(id)).collect(), has_older }
}

fn ids(session: &ChatSession) -> Vec<&str> {
    session.messages().map(|message| message.id.as_str()).collect()
}

fn older(effects: &[Effect]) -> Option<(u64, String)> {
    effects.iter().find_map(|effect| match effect {
        Effect::LoadOlder { ticket, before } => Some((*ticket, before.clone())),
        _ => None,
    })
}

/// A session on an open connection that has this page.
fn session_with(history: HistoryPage) -> ChatSession {
    let mut session = ChatSession::default();
    let ticket = ticket(&session.opened()).unwrap();
    session.fetched(ticket, history);
    session
}

#[test]
fn older_messages_are_loaded_page_by_page() {
    let mut session = session_with(page(&["c", "d"], true));
    let (ticket, before) = older(&session.load_older()).unwrap();
    assert_eq!((before.as_str(), session.is_loading_older()), ("c", true));
    assert!(session.load_older().is_empty(), "it is on its way");
    session.fetched_older(ticket, page(&["b"], true));
    assert_eq!((ids(&session), session.has_older()), (vec!["b", "c", "d"], true));

    let (failed, _) = older(&session.load_older()).unwrap();
    session.failed_older(failed);
    let (ticket, before) = older(&session.load_older()).unwrap();
    assert_eq!(before, "b");
    assert!(session.fetched_older(failed, page(&["x"], true)).is_empty());
    session.fetched_older(ticket, page(&["a"], false));
    assert_eq!((ids(&session), session.has_older()), (vec!["a", "b", "c", "d"], false));
    assert!(session.load_older().is_empty());
}

#[test]
fn older_messages_are_asked_for_again_where_the_conversation_went_on() {
    let mut session = session_with(page(&["c"], true));
    let (ticket, _) = older(&session.load_older()).unwrap();
    let removed = vec!["c".to_owned()];
    let messages = vec![user("d")];
    session.handle(&ChatDelta { removed, messages, ..ChatDelta::default() }.into());
    let (ticket, before) = older(&session.fetched_older(ticket, page(&["b"], false))).unwrap();
    assert_eq!(before, "d");
    session.fetched_older(ticket, page(&["b"], false));
    assert_eq!(ids(&session), ["b", "d"]);
}

#[test]
fn a_reconnect_merges_the_newest_page() {
    let reconnect = |session: &mut ChatSession, history| {
        session.closed();
        let ticket = ticket(&session.opened()).unwrap();
        session.fetched(ticket, history);
    };
    let mut session = session_with(page(&["c", "d"], true));
    let (ticket, _) = older(&session.load_older()).unwrap();
    session.fetched_older(ticket, page(&["a", "b"], false));
    reconnect(&mut session, page(&["d", "e"], true));
    assert_eq!((ids(&session), session.has_older()), (vec!["a", "b", "c", "d", "e"], false));
    // More has happened than a page holds: what is between is not known.
    reconnect(&mut session, page(&["g", "h"], true));
    assert_eq!((ids(&session), session.has_older()), (vec!["g", "h"], true));
    session.clear();
    assert!(!session.has_older());
}

#[test]
fn what_may_be_missing_before_a_page_is_fetched_again() {
    let mut session = session_with(page(&["a", "b"], false));
    session.closed();
    // `c` is said meanwhile, and the history is out of date each time that it comes.
    let mut last = ticket(&session.opened()).unwrap();
    for id in ["d", "e"] {
        let said = ChatDelta { messages: vec![user(id)], ..ChatDelta::default() };
        session.handle(&said.into());
        last = ticket(&session.fetched(last, page(&["a", "b", "c"], false))).unwrap();
    }
    assert_eq!(ids(&session), ["a", "b", "d", "e"]);
    // The page begins with a message that is known, and others before it are not.
    session.fetched(last, page(&["d", "e"], true));
    assert_eq!(ids(&session), ["d", "e"]);
    assert!(session.has_older());
    let (ticket, before) = older(&session.load_older()).unwrap();
    assert_eq!(before, "d");
    session.fetched_older(ticket, page(&["a", "b", "c"], false));
    assert_eq!(ids(&session), ["a", "b", "c", "d", "e"]);
}

#[test]
fn where_nothing_is_left_of_a_page_the_one_before_is_fetched() {
    let mut session = session_with(page(&["c"], true));
    let removed = vec!["c".to_owned()];
    let gone = ticket(&session.handle(&ChatDelta { removed, ..ChatDelta::default() }.into()));
    session.fetched(gone.unwrap(), page(&["a", "b"], true));
    assert_eq!((ids(&session), session.has_older()), (vec!["a", "b"], true));
}

#[test]
fn a_page_is_told_by_one_message_more() {
    let all = |count: usize| (0..count).map(|at| user(&at.to_string())).collect::<Vec<_>>();
    assert_eq!(HistoryPage::newest_of(all(3), 2), page(&["1", "2"], true));
    assert_eq!(HistoryPage::newest_of(all(2), 2), page(&["0", "1"], false));
}

#[test]
fn a_tool_result_is_shown_and_sent_and_the_turn_goes_on() {
    let mut session = open_session(vec![user("u")]);
    session.handle(&chunk("r", 0, start("a")));
    let call = Chunk::ToolInputAvailable {
        tool_call_id: "c".to_owned(),
        tool_name: "ask".to_owned(),
        input: json!({}),
        dynamic: None,
        title: None,
    };
    session.handle(&chunk("r", 1, call));
    session.handle(&done("r", None));
    let effects = session.add_tool_result("c", Ok(json!("yes")));
    assert!(effects.contains(&Effect::Changed(Changed::Part { message: 1, part: 0 })));
    assert!(matches!(
        sent(&effects)[..],
        [ClientFrame::ToolResult(frame)] if frame.tool_name == "ask" && frame.auto_continue
    ));
    assert!(session.add_tool_result("unknown", Ok(json!(1))).is_empty());
    assert_eq!(session.message(1).unwrap().tool("c").unwrap().state, ToolState::OutputAvailable);

    assert_eq!(ack(&session.handle(&resuming("r2"))), Some(None));
    for (seq, more) in
        [Chunk::Start { message_id: None, message_metadata: None }, Chunk::text_delta("t", "Fine")]
            .iter()
            .enumerate()
    {
        let frame = ChatResponse::chunk("r2", seq as u64, more);
        let frame = ChatResponse { continuation: Some(true), replay: Some(true), ..frame };
        session.handle(&frame.into());
    }
    session.handle(&done("r2", None));
    assert_eq!(session.messages().len(), 2);
    assert_eq!(session.message(1).unwrap().parts.len(), 2);
    assert_eq!(session.message(1).unwrap().id, "a");
}

#[test]
fn a_continuation_can_start_over() {
    let mut session = open_session(vec![UiMessage::new("a", Role::Assistant, "One ")]);
    let more = |text: &str| {
        let frame = ChatResponse::chunk("r", 0, &Chunk::text_delta("t", text));
        // A server that does not number its chunks.
        ServerFrame::from(ChatResponse { continuation: Some(true), seq: None, ..frame })
    };
    session.handle(&more("t"));
    session.handle(&more("w"));
    session.closed();
    session.opened();
    assert_eq!(ack(&session.handle(&resuming("r"))), Some(None));
    session.handle(&more("t"));
    session.handle(&more("w"));
    session.handle(&more("o"));
    assert_eq!(texts(&session), ["One two"]);
}

#[test]
fn updates_change_and_never_append() {
    let mut session = open_session(vec![user("u")]);
    let message = UiMessage::new("u", Role::User, "changed");
    let effects = session.handle(&MessageUpdated { message }.into());
    assert_eq!(effects, [Effect::Changed(Changed::Message(0))]);
    assert_eq!(texts(&session), ["changed"]);
    assert!(session.handle(&MessageUpdated { message: user("x") }.into()).is_empty());
}

#[test]
fn transient_data_is_delivered_and_not_kept() {
    let mut session = open_session(vec![]);
    session.handle(&chunk("r", 0, start("a")));
    let data = Chunk::parse(r#"{"type":"data-progress","data":50,"transient":true}"#).unwrap();
    let effects = session.handle(&chunk("r", 1, data));
    assert!(matches!(&effects[..], [Effect::Data(data)] if data.data == Some(json!(50))));
    assert!(session.message(0).unwrap().parts.is_empty());
}

#[test]
fn recovery_is_work_in_progress() {
    let mut session = open_session(vec![user("u")]);
    session.handle(&RecoveringFrame { recovering: true, id: None }.into());
    assert_eq!(session.status(), ChatStatus::Submitted);
    session.handle(&RecoveringFrame { recovering: false, id: None }.into());
    assert_eq!(session.status(), ChatStatus::Ready);
}

#[test]
fn a_turn_that_ended_while_another_runs_is_not_waited_for() {
    let mut session = ChatSession::default();
    session.opened();
    let own = request(&session.submit("one")).unwrap().id;
    session.handle(&resuming(&own));
    session.closed();
    session.opened();
    // The next answer is running already, so nobody says that there is nothing to resume.
    let ticket = ticket(&session.handle(&resuming("another"))).unwrap();
    let prompt = session.messages().next().unwrap().clone();
    session.fetched(ticket, vec![prompt, UiMessage::new("a", Role::Assistant, "answered")]);
    assert_eq!(session.active_turn(), Some("another"));
    let replayed = ChatResponse { replay: Some(true), ..ChatResponse::done("another", None) };
    session.handle(&replayed.into());
    assert_eq!(
        (session.status(), texts(&session)),
        (ChatStatus::Ready, vec!["one".to_owned(), "answered".to_owned()])
    );
}

#[test]
fn a_continuation_that_the_history_has_already_is_not_written_twice() {
    let question = user("u");
    let answer = UiMessage::new("a", Role::Assistant, "so far");
    let mut session = open_session(vec![question.clone(), answer.clone()]);
    session.handle(&resuming("c"));
    let mut whole = answer;
    whole.parts.push(domovoi_protocol::Part::text("and on"));
    session.handle(&history(&[question, whole]));
    let replay = |seq, chunk: Chunk| -> ServerFrame {
        ChatResponse {
            replay: Some(true),
            continuation: Some(true),
            ..ChatResponse::chunk("c", seq, &chunk)
        }
        .into()
    };
    session.handle(&replay(0, Chunk::Start { message_id: None, message_metadata: None }));
    session.handle(&replay(1, Chunk::text_start("t")));
    session.handle(&replay(2, Chunk::text_delta("t", "and on")));
    let end = ChatResponse { replay: Some(true), ..ChatResponse::done("c", None) };
    session.handle(&end.into());
    assert_eq!(texts(&session), ["text of u", "so farand on"]);
}
