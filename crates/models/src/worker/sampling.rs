//! Which token comes next.

use std::time::{SystemTime, UNIX_EPOCH};

use llama_cpp_2::sampling::LlamaSampler;

const DEFAULT_TEMPERATURE: f32 = 0.7;
const TOP_K: i32 = 40;
const TOP_P: f32 = 0.9;
/// Tokens with less than this share of the likeliest one's chance are nonsense in small models.
const MIN_P: f32 = 0.05;
/// Small models repeat themselves; more than this and they avoid words they need.
const REPEAT_PENALTY: f32 = 1.1;
/// Tokens that the penalty looks back.
const REPEAT_WINDOW: i32 = 64;

/// The sampler of one answer. Temperature 0 always takes the likeliest token.
pub(super) fn sampler(n_vocab: i32, temperature: Option<f32>) -> LlamaSampler {
    let temperature = temperature.unwrap_or(DEFAULT_TEMPERATURE);
    let penalties = LlamaSampler::penalties(n_vocab, REPEAT_WINDOW, REPEAT_PENALTY, 0.0, 0.0);
    if temperature <= 0.0 {
        return LlamaSampler::chain([penalties, LlamaSampler::greedy()], true);
    }
    // The order is llama.cpp's own: cut the tail first, then shape what is left.
    let chain = [
        penalties,
        LlamaSampler::top_k(TOP_K),
        LlamaSampler::top_p(TOP_P, 1),
        LlamaSampler::min_p(MIN_P, 1),
        LlamaSampler::temp(temperature),
        LlamaSampler::dist(seed()),
    ];
    LlamaSampler::chain(chain, true)
}

/// Different from answer to answer; nothing more is asked of it.
fn seed() -> u32 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_nanos())
}
