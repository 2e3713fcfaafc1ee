//! What a file is, by its content: what somebody says it is counts for nothing.

/// Beginnings of PDF and of the images that browsers show and models see. SVG is not among them: it can hold
/// scripts.
const BEGINNINGS: [(&[u8], &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
];

/// Kinds of text that have a media type of their own.
const TEXTS: [(&str, &str); 5] = [
    ("csv", "text/csv"),
    ("md", "text/markdown"),
    ("json", "application/json"),
    ("html", "text/html"),
    ("htm", "text/html"),
];

/// The media type of a file that can be attached; nothing for any other.
pub(super) fn media_type(name: &str, content: &[u8]) -> Option<&'static str> {
    if let Some((_, kind)) = BEGINNINGS.iter().find(|(begin, _)| content.starts_with(begin)) {
        return Some(kind);
    }
    if content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    let text = std::str::from_utf8(content).ok()?;
    if text.contains('\0') {
        return None;
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let known = TEXTS.iter().find(|(text, _)| Some(*text) == ending.as_deref());
    Some(known.map_or("text/plain", |(_, kind)| kind))
}

#[cfg(test)]
mod tests {
    use super::media_type;

    #[test]
    fn content_decides_and_not_the_name() {
        assert_eq!(media_type("a.txt", b"\x89PNG\r\n\x1a\n..."), Some("image/png"));
        assert_eq!(media_type("a.png", b"<script>"), Some("text/plain"));
        assert_eq!(media_type("a.svg", b"<svg xmlns='...'>"), Some("text/plain"));
        assert_eq!(media_type("a.webp", b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(media_type("a.CSV", b"a,b\n1,2"), Some("text/csv"));
        assert_eq!(media_type("a.zip", b"PK\x03\x04\0\0\xff"), None);
        assert_eq!(media_type("a.txt", b"a\0b"), None);
        assert_eq!(media_type("a.txt", b"\xff\xfeh\0"), None);
        assert_eq!(media_type("empty", b""), Some("text/plain"));
    }
}
