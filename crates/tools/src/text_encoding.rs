//! Bytes as text.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Bytes as text: by their byte order mark, else by `label` (a `charset`) where it is known, else
/// as UTF-8 where they are that, else as Windows-1252.
pub(crate) fn to_text(bytes: &[u8], label: Option<&str>) -> String {
    let labelled = label.and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = labelled
        .unwrap_or_else(|| if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 });
    encoding.decode(bytes).0.into_owned()
}
