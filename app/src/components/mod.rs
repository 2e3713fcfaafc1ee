//! Markup and the signals it shows; behaviour is in [`hooks`](crate::hooks).

pub mod account_foot;
pub mod approval_card;
pub mod attachments;
mod bar_button;
pub mod chat_pane;
pub mod composer;
pub mod connection_dot;
pub mod conversation_item;
pub mod conversation_list;
pub mod edit_message;
pub mod empty_state;
pub mod header;
pub mod icon;
pub mod markdown_view;
pub mod message;
pub mod message_bar;
pub mod model_status;
pub mod palette;
pub mod part;
pub mod queue;
pub mod reasoning;
pub mod sidebar;
pub mod sources;
pub mod thread;
pub mod tool_card;
pub mod turn_note;
