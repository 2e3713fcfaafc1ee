//! The assistant outside of any conversation: for programs that bring the messages themselves.

use std::sync::Arc;

use domovoi_agents::chat::StreamText;
use domovoi_models::LanguageModel;

use super::Assistant;

impl Assistant {
    /// An answer that belongs to no conversation, with the instructions, and without tools that need
    /// one.
    pub(crate) fn outside(&self, model: Arc<dyn LanguageModel>) -> StreamText {
        let answer = match self.instructions.as_str() {
            "" => StreamText::new(model),
            instructions => StreamText::new(model).system(instructions),
        };
        answer.tools(self.tools.outside())
    }
}
