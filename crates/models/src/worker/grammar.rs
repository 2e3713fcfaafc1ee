//! What keeps an answer to a schema: of the model's tokens only those that fit are looked at.

use std::sync::Arc;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token::data_array::LlamaTokenDataArray;
use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::{ApproximateTokEnv, TokEnv, TokRxInfo, TokTrie};
use llguidance::{Matcher, ParserFactory};
use serde_json::{Value, json};

use crate::ToolDefinition;

/// Begins the text of a control token in the trie: no grammar allows this byte.
const CONTROL: u8 = 0xFF;

/// Compiles schemas for one model. Making it looks at the whole vocabulary, so it is made once.
pub(super) struct Grammars(ParserFactory);

impl Grammars {
    /// Grammars over the vocabulary of this model.
    ///
    /// # Errors
    /// Fails with a text where the vocabulary is of no use.
    pub(super) fn new(model: &LlamaModel) -> Result<Self, String> {
        let mut factory =
            ParserFactory::new_simple(&vocabulary(model)).map_err(|error| error.to_string())?;
        // Complaints come as errors; stderr is read as llama.cpp's.
        factory.quiet();
        Ok(Self(factory))
    }

    /// Keeps an answer to JSON that fits this schema.
    ///
    /// # Errors
    /// Fails where the schema is none, or has keywords that cannot be kept to.
    pub(super) fn json(&self, schema: &Value) -> Result<Constraint, String> {
        self.compile(TopLevelGrammar::from_json_schema(compact(schema)))
    }

    /// Keeps an answer to `{"name": …, "arguments": …}` with one of these tools and arguments that
    /// fit its schema.
    ///
    /// # Errors
    /// Fails where a tool's schema is none, or has keywords that cannot be kept to.
    pub(super) fn call(&self, tools: &[ToolDefinition]) -> Result<Constraint, String> {
        // Each schema is a grammar of its own, so that its `$ref`s lead into itself.
        let calls: Vec<String> = (0..tools.len()).map(|index| format!("call_{index}")).collect();
        let mut lark = format!("start: {}\n", calls.join(" | "));
        for (call, tool) in calls.iter().zip(tools) {
            let before = format!("{{\"name\": {}, \"arguments\": ", Value::from(&*tool.name));
            let schema = compact(&tool.parameters);
            lark += &format!("{call}: {} {call}_of \"}}\"\n", Value::from(before));
            lark += &format!("{call}_of: %json {schema}\n");
        }
        self.compile(TopLevelGrammar::from_lark(lark))
    }

    fn compile(&self, grammar: TopLevelGrammar) -> Result<Constraint, String> {
        let parser = self.0.create_parser(grammar).map_err(|error| error.to_string())?;
        Ok(Constraint(Matcher::new(Ok(parser))))
    }
}

/// How far an answer has come in its grammar.
pub(super) struct Constraint(Matcher);

impl Constraint {
    /// The next token of those that fit, with the logits of the last one decoded.
    ///
    /// # Errors
    /// Fails where nothing fits, or the grammar grows too large.
    pub(super) fn sample(
        &mut self,
        context: &LlamaContext<'_>,
        sampler: &mut LlamaSampler,
    ) -> Result<LlamaToken, String> {
        let mask = self.0.compute_mask_or_eos().map_err(|error| error.to_string())?;
        let fits = |token: LlamaToken| u32::try_from(token.0).is_ok_and(|id| mask.is_allowed(id));
        let candidates = context.candidates_ith(-1).filter(|candidate| fits(candidate.id()));
        let mut candidates = LlamaTokenDataArray::from_iter(candidates, false);
        if candidates.data.is_empty() {
            return Err("no word of the model fits the schema".to_owned());
        }
        candidates.apply_sampler(sampler);
        let token = candidates.selected_token().ok_or("nothing was sampled")?;
        sampler.accept(token);
        Ok(token)
    }

    /// Goes on by a token; answers whether nothing can follow it.
    ///
    /// # Errors
    /// Fails where the token does not fit, or the grammar grows too large.
    pub(super) fn consume(&mut self, token: LlamaToken) -> Result<bool, String> {
        let id = u32::try_from(token.0).map_err(|error| error.to_string())?;
        self.0.consume_token(id).map_err(|error| error.to_string())?;
        Ok(self.0.is_stopped())
    }
}

/// The schema with JSON on one line: a small model that may write blanks writes nothing else.
fn compact(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(keywords) = schema.as_object_mut() {
        // `oneOf` is what enums with documented variants become; their variants differ anyway.
        let options = json!({
            "whitespace_flexible": false,
            "item_separator": ", ",
            "key_separator": ": ",
            "coerce_one_of": true,
        });
        keywords.insert("x-guidance".to_owned(), options);
    }
    schema
}

/// The model's tokens as llguidance wants them.
fn vocabulary(model: &LlamaModel) -> TokEnv {
    let vocab = model.vocab();
    let tokens = (0..vocab.n_tokens()).map(LlamaToken::new);
    let words: Vec<Vec<u8>> = tokens
        .clone()
        .map(|token| {
            let word = vocab.token_to_piece(token, false, None);
            if !word.is_empty() {
                return word;
            }
            let control = vocab.token_to_piece(token, true, None);
            if control.is_empty() { control } else { [&[CONTROL], control.as_slice()].concat() }
        })
        .collect();
    let id = |token: LlamaToken| u32::try_from(token.0).ok();
    let ends: Vec<u32> = tokens.filter(|token| vocab.is_eog(*token)).filter_map(id).collect();
    let end = id(vocab.eot()).or_else(|| id(vocab.eos())).or_else(|| ends.first().copied());
    let info = TokRxInfo::new(u32::try_from(words.len()).unwrap_or(0), end.unwrap_or(0));
    // All of them: a model that may not end with its favourite goes on for ever.
    let trie = TokTrie::from(&info, &words);
    Arc::new(ApproximateTokEnv::new(if ends.is_empty() {
        trie
    } else {
        trie.with_eos_tokens(&ends)
    }))
}
