//! How many tokens a text may become, without the model's vocabulary.

/// An upper estimate of the tokens of a text. Letters come in pieces of words, three or four a
/// token; digits and punctuation may be a token each, as in many vocabularies; what is not ASCII is
/// cut into pieces by a vocabulary that knows little of it. Plain English is counted a third too
/// high, Chinese for a model that was made for it twice.
///
/// ```
/// use domovoi_models::estimate_tokens;
///
/// assert_eq!(estimate_tokens(""), 0);
/// assert_eq!(estimate_tokens("house"), 2);
/// assert_eq!(estimate_tokens("2026"), 4);
/// assert_eq!(estimate_tokens("дом"), 3);
/// assert_eq!(estimate_tokens("家"), 2);
/// ```
#[must_use]
pub fn estimate_tokens(text: &str) -> usize {
    let thirds = |character: char| match character {
        'a'..='z' | 'A'..='Z' | ' ' | '\n' | '\t' | '\r' => 1,
        '\0'..='\u{7ff}' => 3,
        '\u{800}'..='\u{ffff}' => 6,
        _ => 9,
    };
    text.chars().map(thirds).sum::<usize>().div_ceil(3)
}
