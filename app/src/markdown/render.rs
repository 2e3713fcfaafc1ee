//! Parser events to segments: the place that decides what a model may put on the page.

use std::ops::Range;

use pulldown_cmark::{
    CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, TextMergeWithOffset,
    html,
};

use super::{
    math,
    segment::{Block, CodeBlock, Segment, escaped},
};
use crate::types::{DISPLAY_MATH, INLINE_MATH};

/// The Markdown we read: CommonMark with tables, task lists, strikethrough and formulas.
pub(super) const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_MATH);

/// Where a formula or a citation goes in the HTML of a piece. Nothing a model writes can look like
/// this: its `<` are escaped.
const PLACE: &str = "<place>";

/// Schemes a link may have. Anything else, relative addresses included, is shown as text.
const LINK_SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

/// Longest language label shown.
const MAX_LABEL: usize = 24;

/// Longest text between brackets that can name sources.
const MAX_MARKS: usize = 64;

/// Renders the source of one top-level block.
#[must_use]
pub fn block(source: &str) -> Block {
    block_of(&math::unified(source), source)
}

/// The same of a source whose formulas are [unified](math::unified), and as it was written.
pub(super) fn block_of(read: &str, written: &str) -> Block {
    let mut out = Renderer::default();
    for (event, range) in
        TextMergeWithOffset::new(Parser::new_ext(read, OPTIONS).into_offset_iter())
    {
        match event {
            Event::InlineMath(tex) if is_price(read, &range) => {
                out.event(Event::Text(format!("${tex}$").into()));
            }
            Event::InlineMath(tex) => out.formula(INLINE_MATH, &tex),
            Event::DisplayMath(tex) if written[range.start..].starts_with("\\(") => {
                out.formula(INLINE_MATH, &tex);
            }
            Event::DisplayMath(tex) => out.formula(DISPLAY_MATH, &tex),
            event => out.event(event),
        }
    }
    // A fence that is still open has no last line of its own; an indented block has no fence.
    let complete = closes_fence(written);
    out.finish(complete)
}

/// Whether the sign that would end a formula begins an amount of money: `$1/$2`.
fn is_price(text: &str, formula: &Range<usize>) -> bool {
    text[formula.end..].starts_with(|next: char| next.is_ascii_digit())
}

#[derive(Default)]
struct Renderer<'a> {
    segments: Vec<Segment>,
    pending: Vec<Event<'a>>,
    code: Option<CodeBlock>,
    /// Formulas and citations whose places are in what is pending.
    placed: Vec<Segment>,
    /// For each link that is open, whether it was written as one.
    links: Vec<bool>,
}

impl<'a> Renderer<'a> {
    fn event(&mut self, event: Event<'a>) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                self.flush();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => label(&info),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some(CodeBlock { language, code: String::new(), complete: true });
            }
            Event::End(TagEnd::CodeBlock) => {
                self.segments.extend(self.code.take().map(Segment::Code));
            }
            Event::Text(text) => match &mut self.code {
                Some(code) => code.code.push_str(&text),
                None => self.text(unmasked(text)),
            },
            Event::Code(code) => self.pending.push(Event::Code(unmasked(code))),
            Event::Html(text) => self.pending.push(Event::Text(text)),
            Event::InlineHtml(text) => self.pending.push(if is_line_break(&text) {
                Event::HardBreak
            } else {
                Event::Text(text)
            }),
            Event::Start(Tag::HtmlBlock) => self.raw("<p>"),
            Event::End(TagEnd::HtmlBlock) => self.raw("</p>"),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                self.open_link(&dest_url);
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if self.links.pop() == Some(true) {
                    self.raw("</a>");
                }
            }
            Event::Start(Tag::Table(alignments)) => {
                self.raw("<div class=\"table\" tabindex=\"0\">");
                self.pending.push(Event::Start(Tag::Table(alignments)));
            }
            Event::End(TagEnd::Table) => {
                self.pending.push(Event::End(TagEnd::Table));
                self.raw("</div>");
            }
            Event::Start(Tag::Heading { level, .. }) => {
                let level = below_page_headings(level);
                self.pending.push(Event::Start(Tag::Heading {
                    level,
                    id: None,
                    classes: Vec::new(),
                    attrs: Vec::new(),
                }));
            }
            Event::End(TagEnd::Heading(level)) => {
                self.pending.push(Event::End(TagEnd::Heading(below_page_headings(level))));
            }
            other => self.pending.push(other),
        }
    }

    fn formula(&mut self, kind: &str, tex: &str) {
        let (language, code) = (kind.to_owned(), tex.trim().to_owned());
        self.place(Segment::Code(CodeBlock { language, code, complete: true }));
    }

    fn place(&mut self, segment: Segment) {
        self.placed.push(segment);
        self.raw(PLACE);
    }

    /// Text, in which sources may be cited.
    fn text(&mut self, text: CowStr<'a>) {
        let mut done = 0;
        // Links do not nest.
        if !self.links.contains(&true) {
            for (open, _) in text.match_indices('[') {
                let begin = open + 1;
                let Some(marks) = marks(&text[begin..]) else { continue };
                self.pending.push(Event::Text(text[done..open].to_owned().into()));
                self.place(Segment::Citation(marks.to_owned()));
                done = begin + marks.len() + 1;
            }
        }
        let rest = if done == 0 { text } else { text[done..].to_owned().into() };
        self.pending.push(Event::Text(rest));
    }

    /// Markup of our own.
    fn raw(&mut self, html: impl Into<String>) {
        self.pending.push(Event::InlineHtml(html.into().into()));
    }

    fn open_link(&mut self, address: &str) {
        // A picture inside a link is only its description: links do not nest.
        let write = is_safe(address) && !self.links.contains(&true);
        if write {
            self.raw(format!(
                "<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">",
                escaped(address)
            ));
        }
        self.links.push(write);
    }

    fn flush(&mut self) {
        let mut html = String::new();
        html::push_html(&mut html, self.pending.drain(..));
        let mut placed = std::mem::take(&mut self.placed).into_iter();
        for (index, piece) in html.split(PLACE).enumerate() {
            if index > 0 {
                self.segments.extend(placed.next());
            }
            if !piece.is_empty() {
                self.segments.push(Segment::Html(piece.to_owned()));
            }
        }
    }

    fn finish(mut self, complete: bool) -> Block {
        self.flush();
        for segment in self.segments.iter_mut().rev() {
            match segment {
                Segment::Html(html) if only_closes(html) => {}
                Segment::Html(_) | Segment::Citation(_) => break,
                Segment::Code(code) if code.is_formula() => break,
                Segment::Code(code) => {
                    code.complete = complete;
                    break;
                }
            }
        }
        Block { segments: self.segments }
    }
}

/// What stands in brackets, of which the first is just before the text, where it may name sources.
fn marks(text: &str) -> Option<&str> {
    let marks = &text[..text.find(']')?];
    let may_name = |c: char| c.is_alphanumeric() || "-_^, ".contains(c);
    ((1..=MAX_MARKS).contains(&marks.len()) && marks.chars().all(may_name)).then_some(marks)
}

/// The text with its dollars; see [`math::unified`].
pub(super) fn unmasked(text: CowStr<'_>) -> CowStr<'_> {
    if text.contains(math::DOLLAR) { text.replace(math::DOLLAR, "$").into() } else { text }
}

/// Whether there is nothing but the ends of elements.
fn only_closes(html: &str) -> bool {
    html.trim_start().starts_with('<')
        && html.split('<').skip(1).all(|tag| tag.starts_with('/') && tag.trim_end().ends_with('>'))
}

/// Whether a link may lead there.
fn is_safe(address: &str) -> bool {
    LINK_SCHEMES.iter().any(|scheme| {
        address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// `<br>`, the one tag that models write into table cells.
pub(super) fn is_line_break(tag: &str) -> bool {
    let name = tag.trim_start_matches('<').trim_end_matches('>').trim_end_matches('/').trim();
    name.eq_ignore_ascii_case("br")
}

/// The page's own headings are of the first and second level. Most answers have none of the first and
/// begin with the second: no level is left out then.
fn below_page_headings(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

/// The language a fence names: its first word, without what no language's name contains.
fn label(info: &str) -> String {
    let word = info.split([' ', ',', '{', '\t']).next().unwrap_or_default();
    word.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '+' | '#' | '.' | '_' | '-'))
        .take(MAX_LABEL)
        .collect()
}

/// Whether the last line closes a code block; true for blocks that have no fence.
fn closes_fence(source: &str) -> bool {
    let mut fences = source.lines().map(str::trim_start).filter(|line| is_fence(line));
    match fences.next() {
        None => true,
        Some(_) => {
            let last = source.trim_end().lines().last().map(str::trim).unwrap_or_default();
            fences.next().is_some() && is_fence(last) && last.chars().all(|c| "`~".contains(c))
        }
    }
}

fn is_fence(line: &str) -> bool {
    line.starts_with("```") || line.starts_with("~~~")
}

#[cfg(test)]
mod tests;
