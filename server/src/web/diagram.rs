//! Diagrams, on the server: Mermaid to SVG, shown as a picture, in which nothing runs or loads.

use std::fmt::Write as _;

use base64::{Engine, prelude::BASE64_STANDARD};
use domovoi_app::markdown::segment::escaped;
use mermaid_rs_renderer::{LayoutConfig, Theme, compute_layout, parse_mermaid, render_svg};

use super::deep::on_deep_stack;

/// What the fence of a diagram names.
pub(super) const LANGUAGE: &str = "mermaid";

/// Longest source that is drawn, in bytes; the page shows a longer one as it was written.
const MAX_BYTES: usize = 8 << 10;

/// Most arrows and boxes that are drawn: laying them out takes time that grows faster than they do.
const MAX_EDGES: usize = 150;
const MAX_NODES: usize = 150;

/// A diagram as the content of a code block: a picture, and the source for who cannot see it and for who
/// copies it. Nothing where it cannot be read.
pub(super) fn to_html(source: &str) -> Option<String> {
    if source.len() > MAX_BYTES {
        return None;
    }
    // Diagrams may be nested deeply.
    let svg = on_deep_stack(|| draw(source))?;
    let mut html =
        String::from(r#"<img class="diagram" alt="Mermaid" src="data:image/svg+xml;base64,"#);
    BASE64_STANDARD.encode_string(svg, &mut html);
    // Writing to a string cannot fail.
    let _ = write!(html, r#""><span class="sr-only">{}</span>"#, escaped(source));
    Some(html)
}

fn draw(source: &str) -> Option<String> {
    let graph = parse_mermaid(source).ok()?.graph;
    if graph.edges.len() > MAX_EDGES || graph.nodes.len() > MAX_NODES {
        return None;
    }
    let (theme, config) = (Theme::modern(), LayoutConfig::default());
    Some(render_svg(&compute_layout(&graph, &theme, &config), &theme, &config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(source: &str) -> String {
        let html = to_html(source).unwrap();
        let data = html.split_once("base64,").unwrap().1.split_once('"').unwrap().0;
        String::from_utf8(BASE64_STANDARD.decode(data).unwrap()).unwrap()
    }

    #[test]
    fn diagrams_become_pictures_with_their_source() {
        let svg = svg("flowchart LR\n  A[Begin] --> B{Sure?}\n  B -->|yes| C[Done]");
        for word in ["<svg", "Begin", "Sure?", "yes", "Done"] {
            assert!(svg.contains(word), "{svg}");
        }
        let html = to_html("sequenceDiagram\n  A->>B: a < b").unwrap();
        assert!(html.contains("A-&gt;&gt;B: a &lt; b</span>"), "{html}");
    }

    #[test]
    fn what_cannot_be_drawn_stays_code() {
        assert_eq!(to_html("no diagram [[["), None);
        assert_eq!(to_html(""), None);
        assert_eq!(to_html(&format!("flowchart TD\n{}", "a-->b\n".repeat(2000))), None);
    }

    #[test]
    fn diagrams_that_would_take_minutes_are_not_begun() {
        let many = |letter: char| {
            (0..200).map(|index| format!("{letter}{index}")).collect::<Vec<_>>().join("&")
        };
        assert_eq!(to_html(&format!("flowchart TD\n{} --> {}", many('a'), many('b'))), None);
        let deep =
            format!("flowchart TD\n{}a-->b\n{}", "subgraph s\n".repeat(300), "end\n".repeat(300));
        let _ = to_html(&deep);
    }

    #[test]
    fn words_do_not_become_elements() {
        let svg = svg(
            "flowchart LR\n  A[\"<script>alert(1)</script>\"] --> B[\"<img src=x onerror=y>\"]",
        );
        assert!(!svg.contains("<script") && !svg.contains("<img"), "{svg}");
    }
}
