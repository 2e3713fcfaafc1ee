//! Formulas: the parser knows `$a$` and `$$a$$`; models also write `\(a\)` and `\[a\]`, and spread a
//! formula over lines that look like lists.
//!
//! Here all of them become what the parser knows, byte for byte, so that places in one text are
//! places in the other. A formula never goes past an empty line or a fence. Dollars in code spans are
//! masked: `it costs $5, see \`$PATH\`` would be a formula up to the second dollar.

use std::borrow::Cow;

/// Stands for a dollar in a code span.
pub(super) const DOLLAR: char = '\u{1a}';

/// The text with every formula of several signs between `$$`, in one line.
pub(super) fn unified(text: &str) -> Cow<'_, str> {
    if !["$", "\\(", "\\["].iter().any(|sign| text.contains(sign)) {
        return Cow::Borrowed(text);
    }
    let mut out = text.as_bytes().to_vec();
    let mut fence: Option<&str> = None;
    let mut at = 0;
    while at < text.len() {
        let line_end = end_of_line(text, at);
        if at == 0 || text.as_bytes()[at - 1] == b'\n' {
            let line = text[at..line_end].trim_start_matches(LIST_SIGNS).trim_end();
            let signs = fence_of(line);
            match fence {
                Some(open)
                    if signs.is_some_and(|signs| signs.starts_with(open) && signs == line) =>
                {
                    fence = None;
                }
                None if signs.is_some() => fence = signs,
                _ => {}
            }
            if fence.is_some() || signs.is_some() {
                at = line_end;
                continue;
            }
        }
        at = step(text, at, &mut out);
    }
    // Only signs of ASCII were put in the place of others.
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// What may stand before a fence: the signs of lists and quotes.
const LIST_SIGNS: [char; 17] =
    [' ', '\t', '>', '-', '*', '+', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/// The signs of a fence, where the line begins with one.
fn fence_of(line: &str) -> Option<&str> {
    let sign = line.chars().next().filter(|sign| "`~".contains(*sign))?;
    let count = line.len() - line.trim_start_matches(sign).len();
    // What follows backticks has none, or they are a code span.
    let is_fence = count >= 3 && !(sign == '`' && line[count..].contains('`'));
    is_fence.then(|| &line[..count])
}

/// Goes on by a character, a code span or a formula.
fn step(text: &str, at: usize, out: &mut [u8]) -> usize {
    let rest = &text[at..];
    let closing = match rest.as_bytes() {
        [b'`', ..] => {
            let count = rest.len() - rest.trim_start_matches('`').len();
            let end = at + count + code_span(&rest[count..], count).unwrap_or(0);
            mask(&mut out[at..end], b"$", DOLLAR);
            return end;
        }
        [b'\\', b'(', ..] => "\\)",
        [b'\\', b'[', ..] => "\\]",
        [b'$', b'$', ..] => "$$",
        [b'\\', next, ..] if next.is_ascii() => return at + 2,
        _ => return at + rest.chars().next().map_or(1, char::len_utf8),
    };
    // Only one that begins a line goes on over several: in the middle of a line, what comes after it
    // may be a block of its own, and settled before the formula is complete.
    let may_grow = closing != "\\)" && begins_line(text, at);
    let reach = if may_grow { reach(&rest[2..]) } else { end_of_line(&rest[2..], 0) };
    let inside = &rest[2..2 + reach];
    match inside.find(closing) {
        Some(length) if closing == "$$" || !inside[..length].contains('$') => {
            let end = at + 2 + length;
            out[at..at + 2].copy_from_slice(b"$$");
            out[end..end + 2].copy_from_slice(b"$$");
            mask(&mut out[at + 2..end], b"\r\n", ' ');
            end + 2
        }
        Some(_) => at + 2,
        // It may still be growing; until then it is no list either.
        None if may_grow && 2 + reach == rest.len() => {
            mask(&mut out[at + 2..], b"\r\n", ' ');
            text.len()
        }
        None => at + 2,
    }
}

/// How far a formula can go: to an empty line, a fence, a quote's next line or the end.
fn reach(text: &str) -> usize {
    let mut end = end_of_line(text, 0);
    while end < text.len() {
        let next = end_of_line(text, end);
        let line = text[end..next].trim();
        // The last line may still be empty because it has only begun.
        let is_empty = line.is_empty() && text[end..next].ends_with('\n');
        if is_empty || line.starts_with('>') || fence_of(line).is_some() {
            return end;
        }
        end = next;
    }
    end
}

fn end_of_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |length| at + length + 1)
}

fn begins_line(text: &str, at: usize) -> bool {
    let before = text[..at].rsplit('\n').next().unwrap_or_default();
    before.trim_start_matches(LIST_SIGNS).is_empty()
}

/// Puts another sign of ASCII in the place of some.
fn mask(text: &mut [u8], signs: &[u8], mask: char) {
    for byte in text.iter_mut().filter(|byte| signs.contains(byte)) {
        *byte = mask as u8;
    }
}

/// The length of a code span after its opening signs, with the closing ones.
fn code_span(text: &str, count: usize) -> Option<usize> {
    let text = &text[..text.find("\n\n").unwrap_or(text.len())];
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let run = text[at + found..].len() - text[at + found..].trim_start_matches('`').len();
        at += found + run;
        if run == count {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn formulas_are_written_in_one_way_and_in_place() {
        for (written, read) in [
            (r"so \(a+b\).", "so $$a+b$$."),
            ("\\[\na\n+ b\n\\]\nend", "$$ a + b $$\nend"),
            ("$$\n- a\n$$", "$$ - a $$"),
            ("$$\n- a", "$$ - a"),
            ("$$\n- a\n\nb", "$$\n- a\n\nb"),
            ("in $$ a\n- b", "in $$ a\n- b"),
            ("$5, `$A` $b$", "$5, `\u{1a}A` $b$"),
            (r"`\(a\)` \(b\)", r"`\(a\)` $$b$$"),
            ("```\n\\(a\\)\n```\n\\(b\\)", "```\n\\(a\\)\n```\n$$b$$"),
            ("- ~~~tex\n  \\[a\\]\n  ~~~\n", "- ~~~tex\n  \\[a\\]\n  ~~~\n"),
            (r"\\(a\\) \(open", r"\\(a\\) \(open"),
            (r"\(5$\) x", r"\(5$\) x"),
            ("ä\\(ö\\)ü", "ä$$ö$$ü"),
            ("> \\[\n> a\n> \\]", "> \\[\n> a\n> \\]"),
        ] {
            assert_eq!(unified(written), read, "{written:?}");
            assert_eq!(written.len(), read.len());
        }
    }
}
