//! WebSockets: what comes in goes back, and everything that can happen to a connection.

use domovoi_agents::prelude::*;

#[derive(Default)]
struct Echo;

#[agent]
impl Echo {
    async fn on_connect(&self, _cx: &Context<Self>, connection: &Connection) -> Result<()> {
        // The request that opened it is at hand: its headers, cookies among them, and its address.
        if connection.query("room").as_deref() == Some("full") {
            connection.close(4003, "this room is full");
        }
        Ok(())
    }

    async fn on_message(
        &self,
        _cx: &Context<Self>,
        connection: &Connection,
        message: Message,
    ) -> Result<()> {
        match message {
            Message::Text(text) if text.is_empty() => return Err("nothing to send back".into()),
            Message::Text(text) => connection.send_text(text),
            Message::Binary(bytes) => connection.send_binary(bytes),
            _ => {}
        }
        Ok(())
    }

    async fn on_error(
        &self,
        _cx: &Context<Self>,
        connection: &Connection,
        error: HandlerError,
    ) -> Result<()> {
        connection.send_text(format!("error: {error}"));
        Ok(())
    }

    async fn on_close(
        &self,
        cx: &Context<Self>,
        connection: &Connection,
        code: u16,
        reason: &str,
        clean: bool,
    ) -> Result<()> {
        let id = connection.id();
        cx.broadcast(format!("{id} has left ({code} {reason:?}, clean: {clean})"));
        Ok(())
    }
}

fn main() -> std::process::ExitCode {
    domovoi::Domovoi::new().agent::<Echo>().run()
}
