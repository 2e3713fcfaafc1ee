//! Eight clients talk in one conversation over a network that refuses, delays, tears and doubles
//! their connections. No message is lost, doubled or out of order, and all see the same at the end.
//!
//! `DOMOVOI_TEST_SEED` repeats a run, as far as its timing lets it; `DOMOVOI_CHAOS_SECONDS` makes it
//! longer.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use domovoi_client::chat::ChatSession;
use domovoi_protocol::{Role, UiMessage, chat::CancelFrame};
use fastrand::Rng;
use futures::future::join_all;
use tokio::time::sleep;

use crate::support::{Place, chaos::Chaos, chatter::Chatter};

const AGENT: &str = "bench-chat-agent";
const CLIENTS: usize = 8;
const SECONDS: u64 = 10;

/// What one client has said, in order.
#[derive(Default)]
struct Said {
    ids: Vec<String>,
    /// Those it may have stopped: they may be missing, and their answers too.
    stopped: BTreeSet<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_clients_in_chaos_agree_in_the_end() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seed = number("DOMOVOI_TEST_SEED").unwrap_or_else(|| fastrand::u64(..));
    let seconds = number("DOMOVOI_CHAOS_SECONDS").unwrap_or(SECONDS);
    eprintln!("DOMOVOI_TEST_SEED={seed}");

    let place = Place::new();
    let mut host = place.start();
    let chaos = Chaos::start(&host.address, seed).await;
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut rng = Rng::with_seed(seed);
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| Chatter::join(&chaos.address, AGENT, "chaos")).collect();
    clients.iter().for_each(|client| client.check(is_sane));
    let talks = clients.iter().enumerate();
    let talks = talks.map(|(number, client)| talk(number, client, rng.fork(), until));
    let said = join_all(talks).await;

    let (torn, doubled) = chaos.damage();
    chaos.calm();
    // A double of a connection may still bring a request.
    for client in &clients {
        client.rest().await;
    }
    let (status, body) = host.get(&format!("/agents/{AGENT}/chaos/get-messages")).await;
    assert_eq!(status, 200, "{body}");
    let history: Vec<UiMessage> = serde_json::from_str(&body).unwrap();
    place.assert_no_panic();
    is_all_there(&history, &said);
    for client in &clients {
        client.agrees(&history).await;
    }
    let stopped: usize = said.iter().map(|said| said.stopped.len()).sum();
    let messages = history.len();
    eprintln!("{messages} messages, {stopped} stopped, {torn} connections torn, {doubled} doubled");
    assert!(torn > CLIENTS && doubled > 0, "the weather was fine");
    host.assert_answers().await;
    place.assert_no_panic();
}

/// Says one thing after the other, and now and then takes one back.
async fn talk(number: usize, client: &Chatter, mut rng: Rng, until: Instant) -> Said {
    let mut said = Said::default();
    while Instant::now() < until {
        let (tokens, pace) = (rng.u32(1..30), rng.u32(..4));
        let id = format!("{number}-{}", said.ids.len());
        let text = format!("gen tokens={tokens} pace={pace}");
        let turn = client.say_message(UiMessage::new(&id, Role::User, text));
        said.ids.push(id.clone());
        if rng.u32(..8) == 0 {
            said.stopped.insert(id);
            sleep(Duration::from_millis(rng.u64(..60))).await;
            client.send(CancelFrame { id: turn.clone() }.into());
        }
        client.until("answered", |session| !session.is_running(&turn)).await;
        sleep(Duration::from_millis(rng.u64(..100))).await;
    }
    said
}

/// How many of the newest messages are looked at after each change: more than may change.
const LOOKED_AT: usize = 60;

/// Whatever a client shows at any moment has each message once, and answers that begin as they
/// should.
fn is_sane(session: &ChatSession) -> Result<(), String> {
    if let Some(error) = session.error() {
        return Err(format!("a turn failed: {error}"));
    }
    let mut ids = BTreeSet::new();
    for message in session.messages().rev().take(LOOKED_AT) {
        if !ids.insert(&message.id) {
            return Err(format!("{} is there twice", message.id));
        }
        if message.role == Role::Assistant && !is_beginning(&message.text()) {
            return Err(format!("{} reads {}", message.id, message.text()));
        }
    }
    Ok(())
}

fn is_beginning(text: &str) -> bool {
    text.split_inclusive(' ').enumerate().all(|(index, token)| token == format!("tok{index} "))
}

/// Nothing is lost, doubled or out of order.
fn is_all_there(history: &[UiMessage], said: &[Said]) {
    let mut places = BTreeMap::new();
    for (place, message) in history.iter().enumerate() {
        assert_eq!(places.insert(message.id.as_str(), place), None, "{} twice", message.id);
    }
    let mut last_of = vec![None; said.len()];
    for (client, said) in said.iter().enumerate() {
        for id in &said.ids {
            let Some(&place) = places.get(id.as_str()) else {
                assert!(said.stopped.contains(id), "{id} of client {client} is lost");
                continue;
            };
            assert!(last_of[client] < Some(place), "client {client} said {id} later");
            last_of[client] = Some(place);
            let answer = history.get(place + 1).filter(|next| next.role == Role::Assistant);
            if said.stopped.contains(id) {
                continue;
            }
            let tokens = answer.map(|answer| answer.text().split_whitespace().count());
            assert_eq!(tokens, Some(ordered(&history[place])), "the answer to {id}: {answer:?}");
        }
    }
    let all: BTreeSet<_> = said.iter().flat_map(|said| &said.ids).collect();
    let mut speaker = Role::Assistant;
    for message in history {
        match message.role {
            Role::User => assert!(all.contains(&message.id), "nobody said {}", message.id),
            _ => {
                assert_eq!(speaker, Role::User, "{} answers nothing", message.id);
                assert!(is_beginning(&message.text()), "{}", message.text());
            }
        }
        speaker = message.role;
    }
}

/// How many tokens a message asks for.
fn ordered(message: &UiMessage) -> usize {
    let text = message.text();
    let (_, tokens) = text.split_once("tokens=").unwrap();
    tokens.split(' ').next().unwrap().parse().unwrap()
}
