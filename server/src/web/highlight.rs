//! Syntax highlighting, formulas and diagrams, on the server: the grammars would be most of the page's
//! weight.

use std::sync::LazyLock;

use axum::{Json, response::IntoResponse};
use domovoi_app::types::{DISPLAY_MATH, HighlightRequest, HighlightResponse, INLINE_MATH};
use http::StatusCode;
use syntect::{
    html::{ClassStyle, ClassedHTMLGenerator},
    parsing::SyntaxSet,
    util::LinesWithEndings,
};

use super::{diagram, math};

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

const STYLE: ClassStyle = ClassStyle::SpacedPrefixed { prefix: "hl-" };

/// Longest code that is highlighted, in bytes; the page shows longer code plain.
const MAX_CODE_BYTES: usize = 200_000;

/// `POST /api/highlight`: code to escaped HTML with classes, a formula to MathML, a
/// diagram to a picture.
pub(crate) async fn highlight(Json(request): Json<HighlightRequest>) -> impl IntoResponse {
    if request.code.len() > MAX_CODE_BYTES {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let html = tokio::task::spawn_blocking(move || to_html(&request)).await;
    match html {
        Ok(Some(html)) => Ok(Json(HighlightResponse { html })),
        Ok(None) | Err(_) => Err(StatusCode::UNPROCESSABLE_ENTITY),
    }
}

/// Code or a formula as HTML, for pages that are made on the server; nothing where it is too long.
pub(super) fn drawn(language: &str, code: &str) -> Option<String> {
    let (language, code) = (language.to_owned(), code.to_owned());
    let fits = code.len() <= MAX_CODE_BYTES;
    fits.then(|| to_html(&HighlightRequest { language, code }))?
}

fn to_html(request: &HighlightRequest) -> Option<String> {
    if [INLINE_MATH, DISPLAY_MATH].contains(&request.language.as_str()) {
        return math::to_mathml(&request.code, request.language == DISPLAY_MATH);
    }
    if request.language.eq_ignore_ascii_case(diagram::LANGUAGE) {
        return diagram::to_html(&request.code);
    }
    let syntax = SYNTAXES
        .find_syntax_by_token(&request.language)
        .unwrap_or_else(|| SYNTAXES.find_syntax_plain_text());
    let mut generator = ClassedHTMLGenerator::new_with_class_style(syntax, &SYNTAXES, STYLE);
    for line in LinesWithEndings::from(&request.code) {
        generator.parse_html_for_line_which_includes_newline(line).ok()?;
    }
    Some(generator.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_becomes_escaped_spans() {
        let request = HighlightRequest {
            language: "rust".to_owned(),
            code: "fn main() { let x = \"<script>\"; }\n".to_owned(),
        };
        let html = to_html(&request).unwrap();
        assert!(html.contains("hl-") && html.contains("&lt;script&gt;"), "{html}");
        assert!(!html.contains("<script>"));
    }
}
