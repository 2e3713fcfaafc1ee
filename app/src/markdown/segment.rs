//! One block of a document: HTML with code between.

use std::fmt::Write as _;

use crate::language::t;
use crate::types::{DISPLAY_MATH, INLINE_MATH};

/// What copies a code block, where a script listens for it.
#[must_use]
pub fn copy_button() -> String {
    format!(
        "<button type=\"button\" data-testid=\"copy-code\" data-copy aria-label=\"{}\"></button>",
        t().copy_this_code()
    )
}

/// A top-level block: a paragraph, a list with everything in it, a code block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// HTML and code in the order they are shown.
    pub segments: Vec<Segment>,
}

/// A piece of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Safe HTML; it may leave elements open that a later segment closes.
    Html(String),
    /// A code block or a formula.
    Code(CodeBlock),
    /// What stands between square brackets and may name sources: `1`, `1, 2`.
    Citation(String),
}

/// A code block, or a formula: that is code in LaTeX for the server to draw.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CodeBlock {
    /// What its opening fence names, such as `rust`; empty where it names nothing. [`INLINE_MATH`] or
    /// [`DISPLAY_MATH`] for a formula.
    pub language: String,
    /// The code as written.
    pub code: String,
    /// Whether its closing fence has been seen, so that it will not grow any more.
    pub complete: bool,
}

impl Block {
    /// The block's code blocks and formulas.
    pub fn code_blocks(&self) -> impl Iterator<Item = &CodeBlock> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Code(code) => Some(code),
            _ => None,
        })
    }

    /// The block as HTML. `highlighted` gives the inner HTML of a code block, where it is known.
    #[must_use]
    pub fn html(&self, highlighted: impl Fn(&CodeBlock) -> Option<String>) -> String {
        self.html_with(highlighted, |_| None)
    }

    /// The same, where `cited` gives the HTML of a citation, if it names sources. It is asked for
    /// citations alone.
    #[must_use]
    pub fn html_with(
        &self,
        highlighted: impl Fn(&CodeBlock) -> Option<String>,
        cited: impl Fn(&str) -> Option<String>,
    ) -> String {
        let mut html = String::new();
        for segment in &self.segments {
            match segment {
                Segment::Html(text) => html.push_str(text),
                Segment::Code(code) => code.push_html(highlighted(code), &mut html),
                Segment::Citation(marks) => match cited(marks) {
                    Some(links) => html.push_str(&links),
                    None => {
                        html.push('[');
                        html.push_str(marks);
                        html.push(']');
                    }
                },
            }
        }
        html
    }
}

impl CodeBlock {
    /// Whether it is a formula.
    #[must_use]
    pub fn is_formula(&self) -> bool {
        self.language == INLINE_MATH || self.language == DISPLAY_MATH
    }

    /// Writes a formula, or the block with its language and a copy button. The thread listens for clicks on
    /// `data-copy`; see `components::thread`.
    fn push_html(&self, highlighted: Option<String>, html: &mut String) {
        if self.is_formula() {
            let formula =
                highlighted.unwrap_or_else(|| format!("<code>{}</code>", escaped(&self.code)));
            let _ = if self.language == DISPLAY_MATH {
                write!(html, "<span class=\"math-display\">{formula}</span>")
            } else {
                write!(html, "<span>{formula}</span>")
            };
            return;
        }
        let label = if self.language.is_empty() { "code" } else { &self.language };
        let code = highlighted.unwrap_or_else(|| escaped(&self.code));
        // Writing to a string cannot fail.
        let _ = write!(
            html,
            "<figure class=\"code\"><figcaption><span>{}</span>{}</figcaption>\
             <pre tabindex=\"0\"><code>{code}</code></pre></figure>",
            escaped(label),
            copy_button(),
        );
    }
}

/// Text as HTML, fit for elements and for attributes in double quotes.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(character),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::{Block, CodeBlock, Segment};

    fn block() -> Block {
        Block {
            segments: vec![
                Segment::Html("<ul><li>".to_owned()),
                Segment::Code(CodeBlock {
                    language: "rs".to_owned(),
                    code: "a < b".to_owned(),
                    complete: true,
                }),
                Segment::Html("</li></ul>".to_owned()),
            ],
        }
    }

    #[test]
    fn code_is_escaped_until_it_is_highlighted() {
        assert!(block().html(|_| None).contains("<code>a &lt; b</code>"));
        let html = block().html(|_| Some("<span>a</span>".to_owned()));
        assert!(html.contains("<code><span>a</span></code>"));
        assert!(html.starts_with("<ul><li><figure") && html.ends_with("</figure></li></ul>"));
    }
}
