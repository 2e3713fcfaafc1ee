//! One answer, token by token: words, JSON that fits a schema, or a call of a tool.

use std::io;

use encoding_rs::{Decoder, UTF_8};
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::call_watch::CallWatch;
use super::engine::{Engine, Halt};
use super::grammar;
use super::instructions::{CALL, instruct};
use super::orders::Orders;
use super::protocol::{Constraint, Failure, Generate, Report};
use super::sampling::sampler;
use crate::FinishReason;

/// Most tokens of an answer where the request does not say.
const DEFAULT_MAX_TOKENS: usize = 1024;

/// Answers a request. `send` gets what comes before the last report, which is returned.
///
/// # Errors
/// Passes on the errors of `send`.
pub(super) fn generate(
    engine: &mut Engine<'_>,
    request: &Generate,
    orders: &Orders,
    send: &dyn Fn(&Report) -> io::Result<()>,
) -> io::Result<Report> {
    let cancelled = &|| orders.is_cancelled(request.id);
    let finished = |reason, input_tokens: usize, output_tokens: usize| Report::Finished {
        id: request.id,
        reason,
        input_tokens: input_tokens as u64,
        output_tokens: output_tokens as u64,
        late_tokens: orders.late_tokens(request.id),
    };
    let mut answer = match Answer::begin(engine, request, cancelled) {
        Ok(answer) => answer,
        Err(Halt::Cancelled) => return Ok(finished(FinishReason::Other, 0, 0)),
        Err(Halt::Failed(failure)) => return Ok(Report::Failed { id: request.id, failure }),
    };
    loop {
        let before = answer.output_tokens;
        let step = answer.step(cancelled);
        (before..answer.output_tokens).for_each(|_| orders.count_token());
        let step = match step {
            Ok(step) => step,
            Err(Halt::Cancelled) => Step::End(FinishReason::Other),
            Err(Halt::Failed(failure)) => return Ok(Report::Failed { id: request.id, failure }),
        };
        let text = std::mem::take(&mut answer.say);
        if !text.is_empty() {
            send(&Report::Text { id: request.id, text })?;
        }
        if let Step::End(reason) = step {
            if let Some((name, arguments)) = answer.called.take() {
                send(&Report::Call { id: request.id, name, arguments })?;
            }
            return Ok(finished(reason, answer.input_tokens, answer.output_tokens));
        }
    }
}

/// An answer that is being given.
struct Answer<'a, 'm> {
    engine: &'a mut Engine<'m>,
    prompt: Vec<LlamaToken>,
    sampler: LlamaSampler,
    decoder: Decoder,
    form: Form,
    /// Text to be sent.
    say: String,
    /// A complete call: name and arguments.
    called: Option<(String, String)>,
    input_tokens: usize,
    output_tokens: usize,
    max_tokens: usize,
}

/// What the answer is at the moment.
enum Form {
    Words,
    /// Words that may become a call that fits the grammar.
    Watched {
        watch: CallWatch,
        call: grammar::Constraint,
    },
    Json(grammar::Constraint),
    /// A call, with its text so far.
    Call {
        grammar: grammar::Constraint,
        text: String,
    },
}

enum Step {
    GoOn,
    End(FinishReason),
}

impl<'a, 'm> Answer<'a, 'm> {
    /// Reads the prompt. What the request asks for is checked before.
    fn begin(
        engine: &'a mut Engine<'m>,
        request: &Generate,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Self, Halt> {
        let schema = |message| Halt::Failed(Failure::Schema { message });
        let form = match &request.constraint {
            None => Form::Words,
            Some(Constraint::Json { schema: wanted }) => {
                let grammars = engine.grammars().map_err(Halt::Failed)?;
                Form::Json(grammars.json(wanted).map_err(schema)?)
            }
            Some(Constraint::Call { tools, required }) => {
                // Compiled here even where words come first: a bad schema is told at once.
                let grammars = engine.grammars().map_err(Halt::Failed)?;
                let call = grammars.call(tools).map_err(schema)?;
                if *required {
                    Form::Call { grammar: call, text: String::new() }
                } else {
                    let names = tools.iter().map(|tool| tool.name.clone());
                    Form::Watched { watch: CallWatch::new(names), call }
                }
            }
        };
        let messages = instruct(&request.messages, request.constraint.as_ref());
        let mut prompt = engine.prompt(&messages).map_err(Halt::Failed)?;
        if let Form::Call { .. } = form {
            prompt.extend(tokens(engine, &format!("{CALL}\n")));
        }
        engine.read(&prompt, cancelled)?;
        let n_vocab = engine.model().vocab().n_tokens();
        Ok(Self {
            input_tokens: prompt.len(),
            prompt,
            sampler: sampler(n_vocab, request.temperature),
            decoder: UTF_8.new_decoder_without_bom_handling(),
            form,
            say: String::new(),
            called: None,
            output_tokens: 0,
            max_tokens: request.max_tokens.map_or(DEFAULT_MAX_TOKENS, |limit| limit as usize),
            engine,
        })
    }

    /// One token more.
    fn step(&mut self, cancelled: &dyn Fn() -> bool) -> Result<Step, Halt> {
        let room = self.engine.context_tokens().saturating_sub(self.prompt.len());
        if self.output_tokens >= self.max_tokens.min(room) {
            return Ok(self.end(FinishReason::Length));
        }
        if cancelled() {
            return Err(Halt::Cancelled);
        }
        let token = match &mut self.form {
            Form::Words | Form::Watched { .. } => self.sampler.sample(self.engine.context(), -1),
            Form::Json(grammar) | Form::Call { grammar, .. } => {
                grammar.sample(self.engine.context(), &mut self.sampler).map_err(other)?
            }
        };
        let vocab = self.engine.model().vocab();
        // A control token that ends nothing, such as the start of another's turn, is an end all
        // the same: small models go on with both sides of the conversation.
        if vocab.is_eog(token) || vocab.is_control(token) {
            return Ok(self.end(FinishReason::Stop));
        }
        self.output_tokens += 1;
        // A character may span tokens; the decoder keeps its first bytes.
        let piece = vocab.token_to_piece(token, false, None);
        let mut text = String::with_capacity(piece.len() * 3 + 3);
        let _ = self.decoder.decode_to_string(&piece, &mut text, false);
        let complete = match &mut self.form {
            Form::Words => {
                self.say.push_str(&text);
                false
            }
            Form::Watched { watch, .. } => {
                if let Some(before) = watch.push(&text, &mut self.say) {
                    let before = before.to_owned();
                    return self.begin_call(&before, cancelled);
                }
                false
            }
            Form::Json(grammar) => {
                self.say.push_str(&text);
                grammar.consume(token).map_err(other)?
            }
            Form::Call { grammar, text: call } => {
                call.push_str(&text);
                grammar.consume(token).map_err(other)?
            }
        };
        if complete { Ok(self.end(FinishReason::Stop)) } else { self.append(token) }
    }

    fn append(&mut self, token: LlamaToken) -> Result<Step, Halt> {
        self.engine.append(token).map_err(Halt::Failed)?;
        Ok(Step::GoOn)
    }

    /// Lets the model write anew, and within its tools' schemas, the call it has begun.
    fn begin_call(&mut self, before: &str, cancelled: &dyn Fn() -> bool) -> Result<Step, Halt> {
        let said = tokens(self.engine, &format!("{before}{CALL}\n"));
        if self.prompt.len() + said.len() >= self.engine.context_tokens() {
            return Ok(Step::End(FinishReason::Length));
        }
        let read = [self.prompt.as_slice(), said.as_slice()].concat();
        self.engine.read(&read, cancelled)?;
        self.output_tokens = said.len();
        self.decoder = UTF_8.new_decoder_without_bom_handling();
        if let Form::Watched { call: grammar, .. } = std::mem::replace(&mut self.form, Form::Words)
        {
            self.form = Form::Call { grammar, text: String::new() };
        }
        Ok(Step::GoOn)
    }

    /// Ends the answer. A call that was cut off is none.
    fn end(&mut self, reason: FinishReason) -> Step {
        match &mut self.form {
            Form::Watched { watch, .. } => self.say.push_str(watch.rest()),
            Form::Call { text, .. } => {
                if let Ok(call) = serde_json::from_str::<Call<'_>>(text) {
                    self.called = Some((call.name, call.arguments.get().to_owned()));
                    return Step::End(FinishReason::ToolCalls);
                }
            }
            Form::Words | Form::Json(_) => {}
        }
        Step::End(reason)
    }
}

#[derive(Deserialize)]
struct Call<'a> {
    name: String,
    #[serde(borrow)]
    arguments: &'a RawValue,
}

fn other(message: String) -> Halt {
    Halt::Failed(Failure::Other { message })
}

fn tokens(engine: &Engine<'_>, text: &str) -> Vec<LlamaToken> {
    engine.model().vocab().tokenize(text.as_bytes(), false, true)
}
