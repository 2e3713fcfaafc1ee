//! A growing text as blocks.
//!
//! Text that streams in changes only the last block of a Markdown document, or adds one after
//! it. So everything before the last block is settled: it is parsed once, rendered once and
//! left alone in the page, and a frame of streaming costs as much as its last block. While a
//! block has only begun (`2` may become the `2.` that continues a list, `***` the begin of bold
//! text), the block before it is not settled either.
//!
//! Each block is rendered from its own source. The price is that a reference link
//! (`[text][name]`) is shown as written where its definition stands in another block.

use std::sync::Arc;

use pulldown_cmark::{Event, Parser};

use super::{Block, math, render};

/// A text and its blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    source: String,
    /// Where the first block begins that may still change.
    settled_bytes: usize,
    /// How many blocks lie before that place.
    settled_blocks: usize,
    blocks: Vec<Arc<Block>>,
}

impl Document {
    /// The document of a whole text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut document = Self::default();
        document.update(text);
        document
    }

    /// The blocks, in order.
    #[must_use]
    pub fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    /// Makes this the document of `text`. Where `text` continues what was there before, settled
    /// blocks are kept as they are.
    pub fn update(&mut self, text: &str) {
        if text == self.source {
            return;
        }
        if !text.starts_with(&self.source) {
            *self = Self::default();
        }
        self.blocks.truncate(self.settled_blocks);
        let rest = &text[self.settled_bytes..];
        let read = math::unified(rest);
        let starts = block_starts(&read);
        for (index, start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(rest.len());
            let (read, written) = (&read[*start..end], &rest[*start..end]);
            self.blocks.push(Arc::new(render::block_of(read, written)));
        }
        let last_has_begun = starts.last().is_some_and(|start| !rest[*start..].contains('\n'));
        let unsettled = if last_has_begun { 2 } else { 1 };
        if let Some(settled) = starts.len().checked_sub(unsettled) {
            self.settled_bytes += starts[settled];
            self.settled_blocks += settled;
        }
        text.clone_into(&mut self.source);
    }
}

/// Where the top-level blocks begin: at the begin of a line, so that indentation counts.
fn block_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(text, render::OPTIONS).into_offset_iter() {
        let top = depth == 0;
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            _ => {}
        }
        if top {
            let line = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
            if starts.last() != Some(&line) {
                starts.push(line);
            }
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Document;

    const ANSWER: &str = "Intro with **bold**.\n\n# Heading\ntext right after\n\n\
        - one\n- two\n\n  more of two\n\n    deeper\n\n1. a\n   ```sh\n   ls\n   ```\n2. b\n\n\
        ```rust\nfn main() {\n\n    // blank line above\n}\n```\nAfter the code.\n\n\
        | a | b |\n|---|---|\n| 1 | 2 |\n\n> quote\n> more\n\n    indented code\n\n---\n\
        <div>\nhtml\n</div>\n\nSetext\n===\n\n\
        $$\nx\n+ y\n$$\nand \\(a_1\\) or\n\\[\n- z\n\\]\n\n1. loose\n\n2. list\n\npara\n***bold*** and\n#hash\n\n- x\n\n* y\n\nLast line with `code` and ünïcödé 🏠.";

    fn html(document: &Document) -> Vec<String> {
        document.blocks().iter().map(|block| block.html(|_| None)).collect()
    }

    #[test]
    fn a_stream_gives_the_same_blocks_as_the_whole() {
        for size in [1, 2, 3, 7, 31] {
            let mut document = Document::default();
            let characters: Vec<char> = ANSWER.chars().collect();
            let mut text = String::new();
            for piece in characters.chunks(size) {
                text.extend(piece);
                document.update(&text);
                assert_eq!(html(&document), html(&Document::new(&text)), "at {text:?}");
            }
            assert_eq!(document, Document::new(ANSWER));
        }
    }

    #[test]
    fn settled_blocks_are_the_very_same_while_text_streams_in() {
        let mut document = Document::default();
        let mut text = String::new();
        for character in ANSWER.chars() {
            let before: Vec<_> = document.blocks().to_vec();
            text.push(character);
            document.update(&text);
            let settled = before.len().saturating_sub(2);
            for (old, new) in before.iter().zip(document.blocks()).take(settled) {
                assert!(Arc::ptr_eq(old, new), "rendered again at {text:?}");
            }
        }
    }

    #[test]
    fn another_text_replaces_the_document() {
        let mut document = Document::new("one\n\ntwo");
        document.update("three");
        assert_eq!(document, Document::new("three"));
        document.update("");
        assert!(document.blocks().is_empty());
    }
}
