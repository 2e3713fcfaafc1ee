//! Markdown of a model to HTML that is safe to put into the page.
//!
//! | module | what is in it |
//! |---|---|
//! | [`document`] | [`Document`]: a growing text as blocks, of which finished ones never change |
//! | [`segment`] | [`Segment`]: one block as HTML and code, and its HTML with highlighted code |
//! | `math` | formulas: the ways to write one made the same |
//! | [`plain`](plain()) | the text alone, to be searched |
//! | [`render`] | the events of the parser to segments; what is let through and what is not |
//!
//! Nothing a model writes becomes markup of its own: HTML is shown as text, links lead only to
//! web and mail addresses, and pictures are not loaded but linked.

pub mod document;
mod math;
mod plain;
pub mod render;
pub mod segment;

pub use document::Document;
pub use plain::plain;
pub use segment::{Block, CodeBlock, Segment};
