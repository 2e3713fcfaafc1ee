//! How many tokens a text may become, without the model's vocabulary.

/// An upper estimate of the tokens of a text. Letters come in pieces of words, three or four a
/// token; digits and punctuation may be a token each, as in many vocabularies; what is not ASCII is
/// cut into bytes by a vocabulary that does not know it, two of them a token on average. Plain
/// English is counted a third too high.
///
/// ```
/// use domovoi_models::estimate_tokens;
///
/// assert_eq!(estimate_tokens(""), 0);
/// assert_eq!(estimate_tokens("house"), 2);
/// assert_eq!(estimate_tokens("2026"), 4);
/// assert_eq!(estimate_tokens("дом"), 3);
/// ```
#[must_use]
pub fn estimate_tokens(text: &str) -> usize {
    /// In sixths of a token.
    const LETTER: usize = 2;
    const SIGN: usize = 6;
    const BYTE: usize = 3;
    let weight = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b' ' | b'\n' | b'\t' | b'\r' => LETTER,
        0..=127 => SIGN,
        _ => BYTE,
    };
    text.bytes().map(weight).sum::<usize>().div_ceil(6)
}
