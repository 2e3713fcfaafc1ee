//! What this crate writes, it reads back equal.

use domovoi_protocol::{Chunk, ClientFrame, ServerFrame, UiMessage, chat::*};
use proptest::prelude::*;

use crate::strategies;

proptest! {
    #[test]
    fn client_frames(frame in strategies::client_frame()) {
        prop_assert_eq!(ClientFrame::parse(&frame.to_json()).unwrap(), Some(frame));
    }

    #[test]
    fn server_frames(frame in strategies::server_frame()) {
        prop_assert_eq!(ServerFrame::parse(&frame.to_json()).unwrap(), Some(frame));
    }

    #[test]
    fn chunks(chunk in strategies::chunk()) {
        prop_assert_eq!(Chunk::parse(&chunk.to_json()).unwrap(), chunk);
    }

    #[test]
    fn messages(message in strategies::message()) {
        let text = serde_json::to_string(&message).unwrap();
        prop_assert_eq!(serde_json::from_str::<UiMessage>(&text).unwrap(), message);
    }

    #[test]
    fn chat_bodies(message in strategies::message(), custom in strategies::object()) {
        let body = ChatBody { messages: vec![message], custom, ..ChatBody::default() };
        prop_assert_eq!(ChatRequest::new("r", &body).body().unwrap(), body);
    }
}
