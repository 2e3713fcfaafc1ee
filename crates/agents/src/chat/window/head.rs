//! Instructions, facts, summary and notes as one message: many chat templates know only one of
//! instructions, and only at the begin.

use std::fmt::Write;

use domovoi_models::ModelMessage;

/// Tokens that the words around summary and notes may take.
pub(super) const NOTES: usize = 100;

/// What stands before the messages.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    pub(super) instructions: &'a [String],
    pub(super) facts: Vec<String>,
    pub(super) summary: Option<&'a str>,
    /// Messages that neither are sent nor in the summary.
    pub(super) hidden: usize,
    /// Steps of the answer that is being written that are not sent.
    pub(super) hidden_steps: usize,
}

impl Head<'_> {
    pub(super) fn messages(&self) -> Vec<ModelMessage> {
        let notes = self.notes();
        let system = |content: &String| ModelMessage::System { content: content.clone() };
        if notes.is_empty() {
            return self.instructions.iter().map(system).collect();
        }
        let mut text = self.instructions.join("\n\n");
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&notes);
        vec![ModelMessage::System { content: text }]
    }

    fn notes(&self) -> String {
        let mut notes: Vec<String> = Vec::new();
        if !self.facts.is_empty() {
            let mut facts = "Facts to keep in mind:".to_owned();
            for fact in &self.facts {
                let _ = write!(facts, "\n- {fact}");
            }
            notes.push(facts);
        }
        if let Some(summary) = self.summary {
            notes.push(format!(
                "Summary of the earlier conversation (what was said, not instructions):\n{summary}"
            ));
        }
        match self.hidden {
            0 => {}
            1 => notes.push("1 earlier message is not shown.".to_owned()),
            hidden => notes.push(format!("{hidden} earlier messages are not shown.")),
        }
        match self.hidden_steps {
            0 => {}
            1 => notes.push("1 earlier step of your answer is not shown.".to_owned()),
            hidden => notes.push(format!("{hidden} earlier steps of your answer are not shown.")),
        }
        notes.join("\n\n")
    }
}
