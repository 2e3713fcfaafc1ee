//! llama.cpp: a model, its context, and what the context has read.

use std::num::NonZeroU32;

use llama_cpp_2::DecodeError;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;

use super::grammar::Grammars;
use super::protocol::Failure;
use super::template::ChatTemplate;
use crate::ModelMessage;

/// Tokens decoded at once. llama.cpp aborts the process for one more than its batch holds; and a
/// cancellation is looked for between batches, so they are small.
const BATCH: u32 = 128;
/// This part of the context is kept for the answer: a sixteenth.
const ANSWER_SHARE: usize = 16;
/// The one sequence there is.
const SEQUENCE: [i32; 1] = [0];

/// A loaded model with one context.
pub(super) struct Engine<'a> {
    model: &'a LlamaModel,
    context: LlamaContext<'a>,
    template: ChatTemplate,
    batch: LlamaBatch<'static>,
    /// What the context has seen; a conversation that goes on is not read again.
    seen: Vec<LlamaToken>,
    grammars: Option<Grammars>,
}

/// Why a prompt or an answer goes no further.
pub(super) enum Halt {
    Cancelled,
    Failed(Failure),
}

impl<'a> Engine<'a> {
    /// A context for this model. The error's text completes "… cannot be loaded:".
    pub(super) fn new(
        backend: &LlamaBackend,
        model: &'a LlamaModel,
        threads: usize,
        context_tokens: u32,
    ) -> Result<Self, String> {
        let threads = i32::try_from(threads).unwrap_or(1);
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(context_tokens.min(model.n_ctx_train())))
            .with_n_batch(BATCH)
            .with_n_ubatch(BATCH)
            .with_n_threads(threads)
            .with_n_threads_batch(threads)
            .with_no_perf(true);
        let context = model
            .new_context(backend, params)
            .map_err(|_| "there is not enough memory for its context".to_owned())?;
        let template = chat_template(model)
            .map_err(|error| format!("its chat template is not understood ({error})"))?;
        let batch = LlamaBatch::new(BATCH as usize, 1);
        Ok(Self { model, context, template, batch, seen: Vec::new(), grammars: None })
    }

    /// Size of the context.
    pub(super) fn context_tokens(&self) -> usize {
        self.context.n_ctx() as usize
    }

    /// What compiles schemas; made when first asked for.
    pub(super) fn grammars(&mut self) -> Result<&Grammars, Failure> {
        if self.grammars.is_none() {
            let grammars = Grammars::new(self.model);
            self.grammars = Some(grammars.map_err(|message| Failure::Other { message })?);
        }
        self.grammars.as_ref().ok_or_else(|| Failure::Other { message: String::new() })
    }

    pub(super) fn model(&self) -> &'a LlamaModel {
        self.model
    }

    pub(super) fn context(&self) -> &LlamaContext<'a> {
        &self.context
    }

    /// The conversation as tokens that fit.
    ///
    /// # Errors
    /// Fails where they do not, or the model's template refuses the conversation.
    pub(super) fn prompt(&self, messages: &[ModelMessage]) -> Result<Vec<LlamaToken>, Failure> {
        let text = self.template.render(messages).map_err(|error| Failure::Other {
            message: format!("the model's chat template refused the conversation ({error})"),
        })?;
        let vocab = self.model.vocab();
        let add_special = vocab.should_add_bos();
        // A template that begins with the first token must not get it twice.
        let bos = token_text(self.model, vocab.bos());
        let text = match text.strip_prefix(&bos) {
            Some(rest) if add_special => rest,
            _ => &text,
        };
        let prompt = vocab.tokenize(text.as_bytes(), add_special, true);
        let limit = self.context_tokens() - self.context_tokens() / ANSWER_SHARE;
        match prompt.len() {
            0 => Err(Failure::Other { message: "there is nothing to answer".to_owned() }),
            tokens if tokens > limit => Err(Failure::ContextExceeded { tokens, limit }),
            _ => Ok(prompt),
        }
    }

    /// Reads a prompt, but for what the context has seen already.
    ///
    /// # Errors
    /// Fails where it is cancelled or llama.cpp fails.
    pub(super) fn read(
        &mut self,
        prompt: &[LlamaToken],
        cancelled: impl Fn() -> bool,
    ) -> Result<(), Halt> {
        let common = self.seen.iter().zip(prompt).take_while(|(a, b)| a == b).count();
        // The last token is read in any case: what follows it is the question.
        let kept = common.min(prompt.len() - 1);
        let from = u32::try_from(kept).unwrap_or(0);
        // Models with other memories than a key-value cache cannot go back: they start anew.
        let went_back = self.context.clear_kv_cache_seq(Some(0), Some(from), None);
        let kept = if went_back == Ok(true) {
            kept
        } else {
            self.context.clear_kv_cache();
            0
        };
        self.seen.truncate(kept);
        for chunk in prompt[kept..].chunks(BATCH as usize) {
            if cancelled() {
                return Err(Halt::Cancelled);
            }
            self.decode(chunk).map_err(|error| Halt::Failed(self.forget(error)))?;
        }
        Ok(())
    }

    /// Adds a token of the answer.
    pub(super) fn append(&mut self, token: LlamaToken) -> Result<(), Failure> {
        self.decode(&[token]).map_err(|error| self.forget(error))
    }

    /// Adds at most [`BATCH`] tokens to the context.
    fn decode(&mut self, tokens: &[LlamaToken]) -> Result<(), DecodeError> {
        self.batch.clear();
        for (index, token) in tokens.iter().enumerate() {
            let position = i32::try_from(self.seen.len() + index).unwrap_or(i32::MAX);
            let last = index + 1 == tokens.len();
            // Cannot fail: the batch holds as many as are passed here.
            let _ = self.batch.add(*token, position, &SEQUENCE, last);
        }
        self.context.decode(&mut self.batch)?;
        self.seen.extend_from_slice(tokens);
        Ok(())
    }

    /// After an error nobody knows what the context holds.
    fn forget(&mut self, error: DecodeError) -> Failure {
        self.context.clear_kv_cache();
        self.seen.clear();
        Failure::Other { message: format!("the model could not go on ({error})") }
    }
}

fn chat_template(model: &LlamaModel) -> Result<ChatTemplate, minijinja::Error> {
    let vocab = model.vocab();
    let source = model.chat_template(None).ok().and_then(|template| template.to_string().ok());
    let controls = (0..vocab.n_tokens())
        .map(LlamaToken::new)
        .filter(|token| vocab.is_control(*token))
        .map(|token| token_text(model, token))
        .collect();
    let (bos, eos) = (token_text(model, vocab.bos()), token_text(model, vocab.eos()));
    ChatTemplate::new(source, bos, eos, controls)
}

/// The text of a token; empty where the model has no such token.
fn token_text(model: &LlamaModel, token: LlamaToken) -> String {
    if token.0 < 0 {
        // llama.cpp would abort.
        return String::new();
    }
    let vocab = model.vocab();
    vocab.text(token).map_or_else(String::new, |text| text.to_string_lossy().into_owned())
}
