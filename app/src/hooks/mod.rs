//! Behaviour: what components call and never contain.
//!
//! | module | what is in it |
//! |---|---|
//! | [`use_agent`] | one agent instance: its state as a signal, calls, connection |
//! | [`use_agent_chat`] | one conversation: messages, status, send, edit, stop, regenerate, tools of the page |
//! | [`use_workspace`] | what the parts of the page share |
//! | [`use_conversations`] | the list of conversations |
//! | [`use_highlights`] | highlighted code, asked for once |
//! | [`use_attachments`] | files on their way into a message |
//! | [`use_code_copy`] | the copy buttons of code blocks |
//! | [`use_composer`] | the text field grows, and has the focus when it should |
//! | [`use_clock`] | what time it is |
//! | [`use_listing`] | what an agent lists, asked for again when it changes |
//! | [`use_drafts`] | what a person writes is kept, and what waits is sent |
//! | [`use_connection_lost`] | a connection that has been away for a moment |
//! | [`use_earlier`] | earlier messages are there before somebody has scrolled up to them |
//! | [`use_far_rows`] | which messages of a long thread are drawn |
//! | [`use_palette`], [`use_shortcuts`] | the command palette, and the keys that work anywhere |
//! | [`use_prompts`] | prompts that are offered after `/`, and what is to be filled in |
//! | [`use_stick_to_end`] | the thread follows its end |
//! | [`use_target_message`] | goes to the message that the address names |
//! | [`clipboard`] | copying text |
//! | [`http`], `storage` | requests to the server; what the browser keeps |

pub mod clipboard;
pub mod http;
mod storage;
pub mod use_agent;
pub mod use_agent_chat;
pub mod use_attachments;
pub mod use_clock;
pub mod use_code_copy;
pub mod use_composer;
pub mod use_connection_lost;
pub mod use_conversations;
pub mod use_drafts;
pub mod use_earlier;
pub mod use_far_rows;
pub mod use_highlights;
pub mod use_listing;
pub mod use_palette;
pub mod use_prompts;
pub mod use_shortcuts;
pub mod use_stick_to_end;
pub mod use_target_message;
pub mod use_workspace;
