//! `#[agent]` where it does not fit.

#![allow(unused)]

use domovoi_agents::prelude::*;

struct OfTrait;

#[agent]
impl AiChatAgent for OfTrait {
    async fn on_chat_message(&self, cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
        Err("no".into())
    }
}

struct UnknownKey;

#[agent(states = i64)]
impl UnknownKey {}

struct BareState;

#[derive(Default, Clone)]
struct NoJson;

#[agent(state = NoJson)]
impl BareState {}

fn main() {}
