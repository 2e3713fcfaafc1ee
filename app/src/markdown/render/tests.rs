use super::{block, label};
use crate::markdown::Segment;

fn html(source: &str) -> String {
    block(source).html(|_| None)
}

#[test]
fn the_markdown_models_write() {
    assert_eq!(html("**bold** and `code`"), "<p><strong>bold</strong> and <code>code</code></p>\n");
    assert_eq!(html("# Title"), "<h3>Title</h3>\n");
    assert!(html("- [x] done\n- [ ] open").contains("type=\"checkbox\" checked"));
    assert!(html("~~old~~").contains("<del>old</del>"));
    let table = html("| a | b |\n|---|--:|\n| 1<br>2 | 3 |");
    assert!(table.starts_with("<div class=\"table\""), "{table}");
    assert!(table.contains("<td>1<br />\n2</td><td style=\"text-align: right\">3</td>"), "{table}");
}

#[test]
fn links_open_elsewhere_and_tell_nothing() {
    assert_eq!(
        html("[a](https://example.org/?a=1&b=\"2\")"),
        "<p><a href=\"https://example.org/?a=1&amp;b=&quot;2&quot;\" target=\"_blank\" \
         rel=\"noopener noreferrer nofollow\">a</a></p>\n"
    );
}

#[test]
fn addresses_that_are_not_web_or_mail_are_text() {
    for address in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#10;script:alert(1)",
        "&#x6A;avascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "//evil.example",
        "/agents/assistant/x",
        "\u{1}javascript:alert(1)",
    ] {
        let out = html(&format!("[x](<{address}>) and <{address}>"));
        assert!(!out.contains("<a"), "{address}: {out}");
        assert!(!out.contains("<script"), "{address}: {out}");
    }
}

#[test]
fn html_is_shown_and_not_run() {
    for source in [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<iframe src=\"https://evil.example\"></iframe>",
        "<svg/onload=alert(1)>",
        "<!-- c --><style>*{display:none}</style>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<details open ontoggle=alert(1)>\n\ntext",
        "- <script>alert(1)</script>\n\n  <b onclick=x>y</b>",
        "| <img src=x onerror=y> |\n|---|\n| <script> |",
        "# <svg onload=x>",
    ] {
        let out = html(source);
        let tags = out.split('<').skip(1).filter(|tag| !tag.starts_with('/'));
        for tag in tags {
            let name = tag.split([' ', '>', '/']).next().unwrap_or_default();
            assert!(
                ["p", "ul", "li", "h3", "div", "table", "thead", "tbody", "tr", "th", "td"]
                    .contains(&name),
                "{source}: {out}"
            );
        }
    }
}

#[test]
fn pictures_are_linked_and_not_loaded() {
    let out = html("![a cat](https://example.org/cat.png)");
    assert!(!out.contains("<img"), "{out}");
    assert!(out.contains(">a cat</a>"), "{out}");
    let nested = html("[![badge](https://a.example/b.svg)](https://example.org)");
    assert_eq!(nested.matches("<a ").count(), 1, "{nested}");
    assert!(!html("![x](data:image/png;base64,AAAA)").contains("data:"));
}

#[test]
fn code_cannot_leave_its_block() {
    let out = html("```html\n</code></pre><script>alert(1)</script>\n```");
    assert!(!out.contains("<script"), "{out}");
    assert!(out.contains("&lt;/code&gt;"), "{out}");
    let out = html("```\"><script>\nx\n```");
    assert!(!out.contains("<script"), "{out}");
}

#[test]
fn code_blocks_are_complete_when_their_fence_closes() {
    let complete =
        |source: &str| block(source).code_blocks().map(|code| code.complete).collect::<Vec<_>>();
    assert_eq!(complete("```rust\nfn"), [false]);
    assert_eq!(complete("```rust\nfn\n``"), [false]);
    assert_eq!(complete("```rust\nfn\n```"), [true]);
    assert_eq!(complete("```rust\nfn\n```\n\n"), [true]);
    assert_eq!(complete("```"), [false]);
    assert_eq!(
        complete("1. one\n   ```sh\n   ls\n   ```\n2. two\n   ```sh\n   cat"),
        [true, false]
    );
}

#[test]
fn code_inside_a_list_is_a_segment_of_its_own() {
    let block = block("1. one\n\n   ```sh\n   ls\n   ```\n2. two");
    assert!(matches!(
        block.segments.as_slice(),
        [Segment::Html(_), Segment::Code(_), Segment::Html(_)]
    ));
    assert_eq!(block.code_blocks().next().map(|code| code.code.as_str()), Some("ls\n"));
}

#[test]
fn labels_are_names_of_languages() {
    assert_eq!(label("rust,ignore"), "rust");
    assert_eq!(label("c++ title=\"x\""), "c++");
    assert_eq!(label("\"><b>"), "b");
    assert_eq!(label(&"x".repeat(99)).len(), 24);
}

/// The formulas of a text, with their language.
fn formulas(source: &str) -> Vec<(String, String)> {
    let block = block(source);
    block.code_blocks().map(|code| (code.language.clone(), code.code.clone())).collect()
}

#[test]
fn formulas_are_pieces_for_the_server() {
    let found = |kind: &str, tex: &str| vec![(kind.to_owned(), tex.to_owned())];
    assert_eq!(formulas("so $a_1$."), found("$", "a_1"));
    assert_eq!(formulas(r"so \(a_1\)."), found("$", "a_1"));
    assert_eq!(formulas("$$\na\n+ b\n$$"), found("$$", "a + b"));
    assert_eq!(formulas("\\[\na * b * c\n\\]"), found("$$", "a * b * c"));
    let table = html("| $a$ | b |\n|---|---|\n| c | $d$ |");
    assert!(table.contains("<th><span><code>a</code></span></th>"), "{table}");
    assert!(table.contains("<td><span><code>d</code></span></td>"), "{table}");
    let drawn = block("a $b$ c").html(|_| Some("<math></math>".to_owned()));
    assert_eq!(drawn, "<p>a <span><math></math></span> c</p>\n");
}

#[test]
fn amounts_and_code_are_no_formulas() {
    for source in ["from $5 to $10", "$1/$2 a piece", r"`\(a\)` and `$a$`", "`$$a$$`", "a \\$b\\$"]
    {
        assert_eq!(formulas(source), Vec::new(), "{source}");
    }
    assert_eq!(html("$1/$2"), "<p>$1/$2</p>\n");
    assert_eq!(html("$5, see `$PATH`"), "<p>$5, see <code>$PATH</code></p>\n");
}

#[test]
fn a_formula_cannot_leave_its_place() {
    for source in ["$<img src=x onerror=y>$", "$$</code><script>x</script>$$", "\\(<b>\\) <math>"] {
        let out = html(source);
        for bad in ["<img", "<script", "<b>", "<math>"] {
            assert!(!out.contains(bad), "{source}: {out}");
        }
    }
}
