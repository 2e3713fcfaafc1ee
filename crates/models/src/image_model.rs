//! Pictures made from words.

use futures::future::BoxFuture;

use crate::ModelError;

/// A model that makes pictures.
pub trait ImageModel: Send + Sync + 'static {
    /// The model's name as people know it.
    fn name(&self) -> &str;

    /// Makes pictures. Dropping the future stops the model.
    ///
    /// # Errors
    /// [`ModelError`], with a text for the person.
    fn generate(
        &self,
        request: ImageRequest,
    ) -> BoxFuture<'_, Result<Vec<GeneratedImage>, ModelError>>;
}

/// What to make a picture of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageRequest {
    /// What is to be seen.
    pub prompt: String,
    /// How many pictures; at least 1.
    pub count: u8,
    /// Width and height as the model knows them, for example `1024x1024`; its default where absent.
    pub size: Option<String>,
}

impl ImageRequest {
    /// One picture in the model's default size.
    #[must_use]
    pub fn new(prompt: impl Into<String>) -> Self {
        Self { prompt: prompt.into(), count: 1, size: None }
    }
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GeneratedImage {
    /// The file.
    pub bytes: Vec<u8>,
    /// What the file is: `image/png`, `image/jpeg`, `image/webp` or `image/gif`, by its first
    /// bytes.
    pub media_type: &'static str,
    /// What the model made of the prompt, where it says.
    pub revised_prompt: Option<String>,
}

impl GeneratedImage {
    /// The picture in a file; none where the bytes are no picture.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>, revised_prompt: Option<String>) -> Option<Self> {
        let media_type = match bytes.as_slice() {
            [0x89, b'P', b'N', b'G', ..] => "image/png",
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
            [b'G', b'I', b'F', b'8', ..] => "image/gif",
            _ => return None,
        };
        Some(Self { bytes, media_type, revised_prompt })
    }
}
