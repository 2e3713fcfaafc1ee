//! Reading JSON whose end has not come yet, so that a tool call shows while the model writes it.
//!
//! What it makes of a prefix is what `parsePartialJson` of the AI SDK makes of it: open strings,
//! lists and objects are closed, begun literals completed, begun keys and numbers left out until
//! there is something to show.

use serde_json::Value;

/// The value that `text` is, or so far is; `None` where there is nothing to show, or where no
/// continuation would make it JSON.
///
/// ```
/// use domovoi_protocol::partial_json::parse;
/// assert_eq!(parse(r#"{"city":"Par"#), Some(serde_json::json!({"city": "Par"})));
/// assert_eq!(parse(r#"{"city":"Paris","day"#), Some(serde_json::json!({"city": "Paris"})));
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&complete(text)?).ok())
}

/// What may come next outside of strings, numbers and literals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

/// The longest prefix that can be closed, closed.
fn complete(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut open = Vec::new();
    let mut expected = Expected::Value;
    let mut kept = 0;
    let mut tail = "";
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        match (expected, byte) {
            (Expected::Value | Expected::ValueOrEnd, b'"') => {
                let string = scan_string(text, at + 1);
                kept = string.kept;
                at = string.end?;
                if !string.closed {
                    tail = "\"";
                    break;
                }
                expected = Expected::CommaOrEnd;
            }
            (Expected::Value | Expected::ValueOrEnd, b'{' | b'[') => {
                let (close, next) = match byte {
                    b'{' => ('}', Expected::KeyOrEnd),
                    _ => (']', Expected::ValueOrEnd),
                };
                open.push(close);
                expected = next;
                at += 1;
                kept = at;
            }
            (Expected::Value | Expected::ValueOrEnd, b'-' | b'0'..=b'9') => {
                at = scan(bytes, at, |b| {
                    matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
                });
                let digits = &text[..at];
                if digits.trim_end_matches(|c: char| !c.is_ascii_digit()).len() > kept {
                    kept = digits.trim_end_matches(|c: char| !c.is_ascii_digit()).len();
                }
                expected = Expected::CommaOrEnd;
            }
            (Expected::Value | Expected::ValueOrEnd, b'a'..=b'z') => {
                let begin = at;
                at = scan(bytes, at, |b| b.is_ascii_lowercase());
                let word = &text[begin..at];
                let literal =
                    ["true", "false", "null"].into_iter().find(|l| l.starts_with(word))?;
                kept = at;
                tail = &literal[word.len()..];
                expected = Expected::CommaOrEnd;
            }
            (Expected::Key | Expected::KeyOrEnd, b'"') => {
                let string = scan_string(text, at + 1);
                at = string.end?;
                if !string.closed {
                    break;
                }
                expected = Expected::Colon;
            }
            (Expected::Colon, b':') => {
                expected = Expected::Value;
                at += 1;
            }
            (Expected::CommaOrEnd, b',') => {
                expected = match open.last()? {
                    '}' => Expected::Key,
                    _ => Expected::Value,
                };
                at += 1;
            }
            (Expected::CommaOrEnd | Expected::KeyOrEnd, b'}')
            | (Expected::CommaOrEnd | Expected::ValueOrEnd, b']') => {
                if open.pop()? != char::from(byte) {
                    return None;
                }
                expected = Expected::CommaOrEnd;
                at += 1;
                kept = at;
            }
            _ => return None,
        }
    }
    let mut completed = text[..kept].to_owned();
    completed.push_str(tail);
    completed.extend(open.iter().rev());
    Some(completed)
}

fn scan(bytes: &[u8], from: usize, belongs: impl Fn(u8) -> bool) -> usize {
    from + bytes[from..].iter().take_while(|&&byte| belongs(byte)).count()
}

struct Scanned {
    /// Where the string ends, or the text; nothing where it holds an escape that JSON has not.
    end: Option<usize>,
    closed: bool,
    /// Up to where the string can be kept: not in the middle of an escape.
    kept: usize,
}

/// Scans a string from behind its opening quote.
fn scan_string(text: &str, from: usize) -> Scanned {
    let mut scanned = Scanned { end: Some(text.len()), closed: false, kept: from };
    let mut chars = text[from..].char_indices();
    while let Some((offset, c)) = chars.next() {
        let after = from + offset + c.len_utf8();
        match c {
            '"' => return Scanned { end: Some(after), closed: true, kept: after },
            '\\' => match chars.next() {
                None => return scanned,
                Some((_, 'u')) => {
                    let Some(digits) = text.get(after + 1..after + 5) else { return scanned };
                    let Ok(unit) = u16::from_str_radix(digits, 16) else {
                        return Scanned { end: None, ..scanned };
                    };
                    chars.nth(3);
                    // The first half of a pair is nothing without the second.
                    if !(0xD800..0xDC00).contains(&unit) {
                        scanned.kept = after + 5;
                    }
                }
                Some((_, escaped)) => scanned.kept = after + escaped.len_utf8(),
            },
            _ => scanned.kept = after,
        }
    }
    scanned
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prefixes_show_what_is_there() {
        for (text, value) in [
            ("", None),
            ("  ", None),
            ("{", Some(json!({}))),
            ("[", Some(json!([]))),
            (r#"{"a"#, Some(json!({}))),
            (r#"{"a""#, Some(json!({}))),
            (r#"{"a":"#, Some(json!({}))),
            (r#"{"a":""#, Some(json!({"a": ""}))),
            (r#"{"a":"x\"#, Some(json!({"a": "x"}))),
            (r#"{"a":"x\n"#, Some(json!({"a": "x\n"}))),
            (r#"{"a":"x\u00e"#, Some(json!({"a": "x"}))),
            (r#"{"a":"x\u00e9"#, Some(json!({"a": "xé"}))),
            (r#"{"a":"\ud83d"#, Some(json!({"a": ""}))),
            (r#"{"a":"\ud83d\ude00"#, Some(json!({"a": "😀"}))),
            (r#"{"a":1"#, Some(json!({"a": 1}))),
            (r#"{"a":1."#, Some(json!({"a": 1}))),
            (r#"{"a":1.5e"#, Some(json!({"a": 1.5}))),
            (r#"{"a":-"#, Some(json!({}))),
            (r#"{"a":1,"#, Some(json!({"a": 1}))),
            (r#"{"a":1,"b"#, Some(json!({"a": 1}))),
            (r#"{"a":t"#, Some(json!({"a": true}))),
            (r#"{"a":nul"#, Some(json!({"a": null}))),
            (r#"[1, [2, {"b": fal"#, Some(json!([1, [2, {"b": false}]]))),
            (r#"[1, -"#, Some(json!([1]))),
            (r#"{"a":tx"#, None),
            (r#"{"a"}"#, None),
            ("]", None),
            ("[}", None),
            ("1 2", None),
        ] {
            assert_eq!(parse(text), value, "{text}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        assert_eq!(parse(&"[".repeat(100_000)), None);
        assert_eq!(parse(&r#"{"a":"#.repeat(100_000)), None);
    }
}
