//! The stream format of clients from the time of `ai` 4: one line a part, a code before a colon.
//!
//! Source: the AI SDK's data stream protocol, version 1.

use serde_json::Value;

/// One part of a data stream.
#[derive(Debug, Clone, PartialEq)]
pub struct DataStreamPart {
    /// What it is.
    pub code: Code,
    /// Its value.
    pub value: Value,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal,)*) => {
        /// What a part of a data stream is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The character before the colon.
            #[must_use]
            pub fn as_char(self) -> char {
                match self { $(Self::$variant => $code,)* }
            }

            /// The code with this character.
            #[must_use]
            pub fn from_char(c: char) -> Option<Self> {
                match c { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    /// More text.
    Text = '0',
    /// Data of the application's own.
    Data = '2',
    /// An error's text.
    Error = '3',
    /// A complete tool call.
    ToolCall = '9',
    /// The result of a tool call.
    ToolResult = 'a',
    /// A tool call begins.
    ToolCallStart = 'b',
    /// More of a tool call's arguments.
    ToolCallDelta = 'c',
    /// The message is complete.
    FinishMessage = 'd',
    /// A step is complete.
    FinishStep = 'e',
    /// A step begins.
    StartStep = 'f',
    /// More reasoning.
    Reasoning = 'g',
    /// A source the answer rests on.
    Source = 'h',
    /// A file.
    File = 'k',
}

impl DataStreamPart {
    /// Reads one line, with or without its line break; `None` where it is not a known part.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (code, value) = line.trim_end_matches(['\r', '\n']).split_once(':')?;
        let mut chars = code.chars();
        let code = Code::from_char(chars.next()?)?;
        if chars.next().is_some() {
            return None;
        }
        Some(Self { code, value: serde_json::from_str(value).ok()? })
    }

    /// The part as one line, with its line break.
    #[must_use]
    pub fn to_line(&self) -> String {
        format!("{}:{}\n", self.code.as_char(), self.value)
    }
}
