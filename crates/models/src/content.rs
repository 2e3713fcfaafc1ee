//! What a person says to a model: text and images.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

/// What a person says: parts in their order. Text becomes it by `into()`.
///
/// ```
/// use domovoi_models::{UserContent, UserPart};
///
/// let plain: UserContent = "Hello".into();
/// assert_eq!(plain.text(), "Hello");
///
/// let picture = UserContent::new([
///     UserPart::text("What is this?"),
///     UserPart::image_bytes("image/png", b"..."),
/// ]);
/// assert!(picture.has_images());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserContent {
    parts: Vec<UserPart>,
}

/// A part of what a person says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum UserPart {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// An image; see [`LanguageModel::accepts_images`](crate::LanguageModel::accepts_images).
    Image {
        /// Its address: `https:` where the provider can reach it, or `data:` with the bytes.
        url: String,
    },
}

impl UserPart {
    /// Text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// An image at an address.
    #[must_use]
    pub fn image(url: impl Into<String>) -> Self {
        Self::Image { url: url.into() }
    }

    /// An image as the bytes of its file.
    #[must_use]
    pub fn image_bytes(media_type: &str, bytes: &[u8]) -> Self {
        Self::Image { url: format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(bytes)) }
    }
}

impl UserContent {
    /// Content of these parts.
    #[must_use]
    pub fn new(parts: impl IntoIterator<Item = UserPart>) -> Self {
        Self { parts: parts.into_iter().collect() }
    }

    /// The parts, in their order.
    #[must_use]
    pub fn parts(&self) -> &[UserPart] {
        &self.parts
    }

    /// All text of it, without the images.
    #[must_use]
    pub fn text(&self) -> String {
        let text = |part: &UserPart| match part {
            UserPart::Text { text } => Some(text.clone()),
            UserPart::Image { .. } => None,
        };
        self.parts.iter().filter_map(text).collect()
    }

    /// Whether there is an image in it.
    #[must_use]
    pub fn has_images(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, UserPart::Image { .. }))
    }
}

impl From<String> for UserContent {
    fn from(text: String) -> Self {
        Self { parts: vec![UserPart::Text { text }] }
    }
}

impl From<&str> for UserContent {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}
