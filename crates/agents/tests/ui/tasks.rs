//! `#[task]`: what can be scheduled, and with which payload.

#![allow(unused)]

use domovoi_agents::prelude::*;

struct Reminders;

#[agent]
impl Reminders {
    #[task]
    async fn send_reminder(&self, text: String) -> Result<()> {
        Ok(())
    }
}

fn schedule<A: Agent, P>(_: Task<A, P>, _: P) {}

fn wrong_payload() {
    schedule(Reminders::SEND_REMINDER, 5);
}

fn unknown_task() {
    schedule(Reminders::SEND_REMAINDER, "text".to_owned());
}

struct TwoPayloads;

#[agent]
impl TwoPayloads {
    #[task]
    fn mail(&self, address: String, text: String) {}
}

struct Answering;

#[agent]
impl Answering {
    #[task]
    fn count(&self) -> Result<i64> {
        Ok(1)
    }
}

struct Unreadable;

struct NoJson;

#[agent]
impl Unreadable {
    #[task]
    fn take(&self, value: NoJson) {}
}

fn main() {}
