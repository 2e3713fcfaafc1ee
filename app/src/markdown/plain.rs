//! A model's Markdown as the text that is read when it is drawn: without signs and addresses.

use pulldown_cmark::{Event, Parser, TagEnd};

use super::{math, render};

/// The text of Markdown. Its pieces are apart by white space.
#[must_use]
pub fn plain(markdown: &str) -> String {
    let mut plain = String::with_capacity(markdown.len());
    for event in Parser::new_ext(&math::unified(markdown), render::OPTIONS) {
        match event {
            Event::InlineHtml(tag) if render::is_line_break(&tag) => plain.push(' '),
            Event::Text(text)
            | Event::Code(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::Html(text)
            | Event::InlineHtml(text) => plain.push_str(&render::unmasked(text)),
            Event::End(
                TagEnd::Emphasis
                | TagEnd::Strong
                | TagEnd::Strikethrough
                | TagEnd::Link
                | TagEnd::Image,
            ) => {}
            Event::End(_) | Event::SoftBreak | Event::HardBreak => plain.push(' '),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_is_read_is_what_is_left() {
        for (markdown, expected) in [
            ("# The **big** `house`\n> said *2 * 3*", "The big house said 2 * 3"),
            ("see [the house](https://a/b) and ![a cat](https://c)", "see the house and a cat"),
            ("snake_case #tag\n\n- [x] one\n- two", "snake_case #tag one two"),
            ("| a | b |\n|---|---|\n| 1<br>2 | 3 |", "a b 1 2 3"),
            (
                "```rust\nfn main() {}\n```\nit costs $5, see `$PATH`",
                "fn main() {} it costs $5, see $PATH",
            ),
            ("so \\(a_1\\) <b>is</b>", "so a_1 <b>is</b>"),
        ] {
            let read = plain(markdown);
            assert_eq!(read.split_whitespace().collect::<Vec<_>>().join(" "), expected);
        }
    }
}
