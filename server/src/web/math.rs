//! Formulas, on the server: LaTeX to MathML, which browsers draw themselves.

use pulldown_latex::{
    Event, Parser, ParserError, RenderConfig, Storage, config::DisplayMode, push_mathml,
};

use super::deep::on_deep_stack;

/// Longest formula that is rendered, in bytes; the page shows a longer one as it was written.
const MAX_BYTES: usize = 4096;

/// Commands that define others: a short formula of them can become a very long one.
const DEFINITIONS: [&str; 8] = [
    "\\def",
    "\\edef",
    "\\gdef",
    "\\xdef",
    "\\let",
    "\\futurelet",
    "\\newcommand",
    "\\renewcommand",
];

/// The elements a formula may consist of.
const ELEMENTS: [&str; 22] = [
    "math",
    "mrow",
    "mi",
    "mn",
    "mo",
    "mtext",
    "mspace",
    "mfrac",
    "msqrt",
    "mroot",
    "msub",
    "msup",
    "msubsup",
    "munder",
    "mover",
    "munderover",
    "mtable",
    "mtr",
    "mtd",
    "mstyle",
    "mpadded",
    "mphantom",
];

/// A formula as MathML; nothing where it cannot be read, or would not be safe to show.
pub(super) fn to_mathml(tex: &str, display: bool) -> Option<String> {
    if tex.len() > MAX_BYTES || DEFINITIONS.iter().any(|name| tex.contains(name)) {
        return None;
    }
    // It calls itself for `\sqrt\sqrt\sqrt...`.
    on_deep_stack(|| render(tex, display))
}

fn render(tex: &str, display: bool) -> Option<String> {
    // Models frame their results, which it cannot: without a frame they are still read.
    let tex = tex.replace("\\boxed{", "{");
    let storage = Storage::new();
    // What comes before a mistake is of no use alone.
    let events: Vec<Event<'_>> = Parser::new(&tex, &storage).collect::<Result<_, _>>().ok()?;
    let display_mode = if display { DisplayMode::Block } else { DisplayMode::Inline };
    let config = RenderConfig { display_mode, ..RenderConfig::default() };
    let mut mathml = String::new();
    push_mathml(&mut mathml, events.into_iter().map(Ok::<_, ParserError>), config).ok()?;
    // It writes "less than" as it is, which would begin an element.
    let mathml = mathml.replace("><</mo>", ">&lt;</mo>").replace("><\u{338}", ">&lt;\u{338}");
    is_only_math(&mathml).then_some(mathml)
}

/// Whether there are only elements of MathML, and no attribute that loads or runs something.
fn is_only_math(html: &str) -> bool {
    html.split('<').skip(1).all(|piece| {
        let Some((tag, _)) = piece.split_once('>') else { return false };
        let mut words = tag.trim_start_matches('/').split([' ', '/']);
        ELEMENTS.contains(&words.next().unwrap_or_default())
            && words.all(|word| {
                let name = word.split('=').next().unwrap_or_default();
                !name.starts_with("on") && !name.contains("href") && !name.contains("src")
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_mathml() {
        let inline = to_mathml("a^2 + b^2 = c^2", false).unwrap();
        assert!(inline.starts_with("<math") && inline.contains("<msup>"), "{inline}");
        let block = to_mathml(r"\begin{aligned} a &< b \\ &> c \end{aligned}", true).unwrap();
        assert!(block.contains("display=\"block\"") && block.contains("&lt;"), "{block}");
        for tex in [
            r"\frac{-b \pm \sqrt{b^2 - 4ac}}{2a}",
            r"\sum_{i=1}^{n} i = \frac{n(n+1)}{2}",
            r"\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}",
            r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}",
            r"f(x) = \begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}",
            r"\lim_{x \to 0} \frac{\sin x}{x} = 1, \quad \mathbb{R} \subseteq \mathcal{P}",
            r"\boxed{42}, \quad a < b \not< c \lt d",
            r"\left\{ x \in \mathbb{R} \mid x \ge 0 \right\}",
        ] {
            assert!(to_mathml(tex, true).is_some(), "{tex}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_to_the_page() {
        for tex in [r"\frac{1", r"\nosuchcommand", r"\def\a{\a\a}\a", r"x^2^3"] {
            assert_eq!(to_mathml(tex, false), None, "{tex}");
        }
        assert_eq!(to_mathml(&"x".repeat(MAX_BYTES + 1), false), None);
    }

    #[test]
    fn nothing_gets_out_of_a_formula() {
        for tex in [
            r"\text{<script>alert(1)</script>}",
            r"\text{</math><img src=x onerror=alert(1)>}",
            r"\href{javascript:alert(1)}{x}",
            r"\url{javascript:alert(1)}",
            r"\class{a onclick=alert(1)}{x}",
            r"\htmlData{x=y}{z}",
            r"\includegraphics{https://evil.example/x.png}",
            r#"\color{red" onclick="alert(1)}{x}"#,
            r#"\begin{array}{c" onclick="x}1\end{array}"#,
            r"\operatorname{<img src=x>}",
            r"<img src=x onerror=alert(1)>",
        ] {
            let mathml = to_mathml(tex, false).unwrap_or_default();
            assert!(mathml.is_empty() || is_only_math(&mathml), "{tex}: {mathml}");
            for bad in ["<script", "<img", "</math><", "<a ", "onclick=\"", "javascript:\""] {
                assert!(!mathml.contains(bad), "{tex}: {mathml}");
            }
        }
    }

    #[test]
    fn deep_formulas_do_no_harm() {
        for piece in [r"\sqrt", "{", "^", "x^{", r"\sqrt{", r"\left(", r"\frac{", r"\bar", "'"] {
            let _ = to_mathml(&piece.repeat(MAX_BYTES / piece.len()), true);
        }
        let _ = to_mathml(&"{}".repeat(MAX_BYTES / 2), true);
        let nested = format!("{}x{}", r"\sqrt{".repeat(500), "}".repeat(500));
        let _ = to_mathml(&nested, true);
    }

    #[test]
    fn elements_and_attributes_are_checked() {
        assert!(is_only_math(
            "<math><mi mathvariant=\"normal\">x</mi><mspace width=\"1em\" /></math>"
        ));
        for html in [
            "<math><img>",
            "<math onclick=\"x\">",
            "<math><mi href=\"x\">",
            "<math",
            "<a>",
            "<svg/onload=x>",
        ] {
            assert!(!is_only_math(html), "{html}");
        }
    }
}
