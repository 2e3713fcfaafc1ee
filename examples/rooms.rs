//! Rooms for several people: one instance for each room, a state all of them see, who is there.
//!
//! `?name=Ada` comes in as a member, `&moderator` may set the room's state, and who gives no name
//! only watches.

use domovoi_agents::prelude::*;
use serde_json::{Value, json};

#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Room {
    topic: String,
    color: String,
    people: Vec<String>,
    messages: Vec<Said>,
    max_messages: usize,
}

#[derive(Clone, Serialize, Deserialize)]
struct Said {
    from: String,
    text: String,
}

/// What a room keeps of each connection.
#[derive(Default, Serialize, Deserialize)]
struct Member {
    name: String,
    messages: u32,
}

/// What members send.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Incoming {
    Say { text: String },
    Typing,
}

#[derive(Default)]
struct Rooms;

#[agent(state = Room)]
impl Rooms {
    fn initial_state(&self) -> Room {
        Room { color: "#3B82F6".to_owned(), max_messages: 100, ..Room::default() }
    }

    /// The first version of this program stored a topic and nothing else.
    fn migrate_state(&self, stored: Value) -> Result<Room> {
        Ok(Room { topic: serde_json::from_value(stored)?, ..self.initial_state() })
    }

    fn validate_state(&self, _cx: &Context<Self>, room: &Room, source: &StateSource) -> Result<()> {
        match source {
            StateSource::Client(connection) if !connection.has_tag("moderator") => {
                Err("only a moderator sets the state".into())
            }
            _ if room.topic.len() > 80 => Err("a topic has at most 80 bytes".into()),
            _ => Ok(()),
        }
    }

    async fn on_start(&self, cx: &Context<Self>) -> Result<()> {
        // Connections outlive the sleep of an instance; those of an earlier process are gone.
        note_people(cx)
    }

    async fn on_connect(&self, cx: &Context<Self>, connection: &Connection) -> Result<()> {
        let Some(name) = connection.query("name") else {
            connection.set_readonly(true);
            return Ok(());
        };
        connection.add_tag("member");
        if connection.query("moderator").is_some() {
            connection.add_tag("moderator");
        }
        connection.set_state(&Member { name, messages: 0 })?;
        note_people(cx)
    }

    async fn on_close(
        &self,
        cx: &Context<Self>,
        _connection: &Connection,
        _code: u16,
        _reason: &str,
        _clean: bool,
    ) -> Result<()> {
        note_people(cx)
    }

    async fn on_message(
        &self,
        cx: &Context<Self>,
        connection: &Connection,
        message: Message,
    ) -> Result<()> {
        let Some(mut member) = connection.state::<Member>() else {
            return Err("who watches says nothing".into());
        };
        match serde_json::from_str(message.to_text()?)? {
            Incoming::Say { text } => {
                member.messages += 1;
                connection.set_state(&member)?;
                let everyone = text.contains("@everyone");
                let said = Said { from: member.name, text };
                cx.update_state(|room| {
                    room.messages.push(said);
                    let extra = room.messages.len().saturating_sub(room.max_messages);
                    room.messages.drain(..extra);
                })?;
                connection.send_text(json!({"type": "said", "of": member.messages}).to_string());
                if everyone {
                    cx.broadcast(json!({"type": "bell"}).to_string());
                }
            }
            Incoming::Typing => {
                let typing = json!({"type": "typing", "name": member.name}).to_string();
                cx.broadcast_to(typing, |other| other != connection);
            }
        }
        Ok(())
    }

    async fn on_error(
        &self,
        _cx: &Context<Self>,
        connection: &Connection,
        error: HandlerError,
    ) -> Result<()> {
        connection.send_text(json!({"type": "error", "error": error.to_string()}).to_string());
        Ok(())
    }

    async fn on_state_update(
        &self,
        cx: &Context<Self>,
        _room: &Room,
        source: &StateSource,
    ) -> Result<()> {
        if let StateSource::Client(connection) = source {
            let Member { name, .. } = connection.state().unwrap_or_default();
            let changed = json!({"type": "changed", "by": name}).to_string();
            for moderator in cx.tagged("moderator") {
                moderator.send_text(changed.clone());
            }
        }
        Ok(())
    }
}

/// Writes down who is there.
fn note_people(cx: &Context<Rooms>) -> Result<()> {
    let members = cx.tagged("member");
    let mut people: Vec<String> =
        members.iter().filter_map(Connection::state::<Member>).map(|member| member.name).collect();
    people.sort();
    people.dedup();
    if people != cx.state().people {
        cx.update_state(|room| room.people = people)?;
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    domovoi::Domovoi::new().agent::<Rooms>().run()
}
