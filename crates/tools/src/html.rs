//! HTML as text.

use std::{
    io::{Error, Read, Result as IoResult},
    time::{Duration, Instant},
};

use html2text::{RcDom, config};

/// How long parsing may take: with tags nested deep enough it takes the square of their number.
const MAX_TIME: Duration = Duration::from_secs(2);
/// How deep tags may be nested, for the same reason.
const MAX_DEPTH: usize = 500;
/// Columns of the text.
const WIDTH: usize = 120;

/// The text, with headings and lists as in Markdown and links numbered at the end.
pub(crate) fn text(html: &str) -> Result<String, String> {
    let config = config::plain();
    let input = Timed { rest: html.as_bytes(), end: Instant::now() + MAX_TIME };
    let too_complex = || "The page is too complex to be read as text.".to_owned();
    let dom = config.parse_html(input).map_err(|_| too_complex())?;
    if is_too_deep(&dom) {
        return Err(too_complex());
    }
    let tree = config.dom_to_render_tree(&dom).map_err(|_| too_complex())?;
    config.render_to_string(tree, WIDTH).map_err(|_| too_complex())
}

/// Input that ends with an error when the time is over; the parser works between two reads.
struct Timed<'a> {
    rest: &'a [u8],
    end: Instant,
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        if Instant::now() >= self.end {
            return Err(Error::other("out of time"));
        }
        self.rest.read(buffer)
    }
}

fn is_too_deep(dom: &RcDom) -> bool {
    let mut waiting = vec![(dom.document.clone(), 0)];
    while let Some((node, depth)) = waiting.pop() {
        if depth > MAX_DEPTH {
            return true;
        }
        waiting.extend(node.children.borrow().iter().map(|child| (child.clone(), depth + 1)));
    }
    false
}
