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
/// llama.cpp looks each candidate up among the penalised ones, which for a whole vocabulary is
/// most of the time of sampling. A penalty only lowers, and at most [`REPEAT_WINDOW`] candidates,
/// so the best [`TOP_K`] after it are among these many before it.
const CANDIDATES: i32 = TOP_K + REPEAT_WINDOW;

/// The sampler of one answer. Temperature 0 always takes the likeliest token.
pub(super) fn sampler(n_vocab: i32, temperature: Option<f32>) -> LlamaSampler {
    let temperature = temperature.unwrap_or(DEFAULT_TEMPERATURE);
    let candidates = LlamaSampler::top_k(CANDIDATES);
    let penalties = LlamaSampler::penalties(n_vocab, REPEAT_WINDOW, REPEAT_PENALTY, 0.0, 0.0);
    if temperature <= 0.0 {
        return LlamaSampler::chain([candidates, penalties, LlamaSampler::greedy()], true);
    }
    // The order is llama.cpp's own: cut the tail first, then shape what is left.
    let chain = [
        candidates,
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

#[cfg(test)]
mod tests {
    use llama_cpp_2::token::{LlamaToken, data::LlamaTokenData, data_array::LlamaTokenDataArray};

    use super::*;

    const VOCABULARY: i32 = 5000;

    /// The best tokens after a penalty for these, best first.
    fn best(said: &[LlamaToken], few_candidates: bool) -> Vec<LlamaToken> {
        let penalties =
            LlamaSampler::penalties(VOCABULARY, REPEAT_WINDOW, REPEAT_PENALTY, 0.0, 0.0);
        let mut chain = vec![penalties.with_tokens(said), LlamaSampler::top_k(TOP_K)];
        if few_candidates {
            chain.insert(0, LlamaSampler::top_k(CANDIDATES));
        }
        let logit = |id: i32| ((i64::from(id) * 7919) % 5003) as f32 / 100.0 - 25.0;
        let all =
            (0..VOCABULARY).map(|id| LlamaTokenData::new(LlamaToken::new(id), logit(id), 0.0));
        let mut tokens = LlamaTokenDataArray::from_iter(all, false);
        tokens.apply_sampler(&mut LlamaSampler::chain(chain, true));
        tokens.data.iter().map(LlamaTokenData::id).collect()
    }

    #[test]
    fn few_candidates_are_enough() {
        let window = REPEAT_WINDOW as usize;
        let unsaid = best(&[], false);
        // The worst case: all that is likeliest has been said.
        let mut likeliest = unsaid.clone();
        likeliest.extend((0..VOCABULARY).map(LlamaToken::new).filter(|id| !unsaid.contains(id)));
        for said in [&likeliest[..0], &likeliest[..window], &likeliest[20..20 + window]] {
            assert_eq!(best(said, true), best(said, false));
        }
        assert_ne!(best(&likeliest[..window], true), unsaid);
    }
}
