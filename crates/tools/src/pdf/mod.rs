//! The text of a PDF, in bounded memory: a small file can be made to become very large, to draw itself,
//! or to take for ever.
//!
//! | file | what is in it |
//! |---|---|
//! | `mod` | from the file to the text |
//! | `encrypted` | whether it is encrypted, found out before it is decrypted |
//! | `inflate` | how large compressed streams become, found out before they are unpacked |
//! | `drawing` | how much there is to read on a page, the forms it draws included |
//! | `mapping` | how many characters a font's mapping names |

mod drawing;
mod encrypted;
mod inflate;
mod mapping;

use std::io::{self, Write};

use pdf_extract::{Document, Object, ObjectId, PlainTextOutput, output_doc_page};
use tokio::sync::Semaphore;

use inflate::Budget;

/// PDFs that are read at a time; others wait.
const AT_A_TIME: usize = 2;
static READERS: Semaphore = Semaphore::const_new(AT_A_TIME);

/// Most pages that are read of one file.
const MAX_PAGES: usize = 2_000;
/// Most bytes that all streams of a file but its images have when they are unpacked.
const MAX_UNPACKED: usize = 64 << 20;
/// Most bytes of instructions of one page: each byte costs up to fifty while it is read.
const MAX_PAGE: usize = 4 << 20;
/// Most bytes of instructions of all pages.
const MAX_DRAWN: usize = 256 << 20;
/// Longest text, in bytes.
const MAX_TEXT: usize = 8 << 20;

/// What is said of a file that would become too large.
const TOO_LARGE: &str = "The PDF cannot be read: it is small and becomes very large, or is too \
                         complex. Save it again with another program, or attach a part of it.";
const DAMAGED: &str = "The PDF cannot be read: it is damaged.";
const ENCRYPTED: &str = "The PDF cannot be read: it is encrypted. Save it again without a password \
                         and without restrictions: print it to a PDF, for instance.";

/// A place among those who read PDFs; it is free again when this is dropped.
pub(crate) async fn turn() -> Option<tokio::sync::SemaphorePermit<'static>> {
    READERS.acquire().await.ok()
}

/// The text of a PDF. It may panic where the file is damaged.
pub(crate) fn text(bytes: &[u8]) -> Result<String, String> {
    // The parser decrypts and unpacks in one go, so that nobody could look at the size between.
    if encrypted::names_it(bytes) {
        return Err(ENCRYPTED.to_owned());
    }
    inflate::check_file(bytes, &mut Budget::new(MAX_UNPACKED))?;
    let mut document = Document::load_mem(bytes).map_err(|_| DAMAGED)?;
    unpack(&mut document)?;
    let pages = document.get_pages();
    if pages.len() > MAX_PAGES {
        return Err(format!("The PDF has more than {MAX_PAGES} pages."));
    }
    let mut text = Text(Vec::new());
    let mut drawn = 0;
    for (number, page) in pages {
        let size = drawing::size_of(&document, page).filter(|size| *size <= MAX_PAGE);
        drawn += size.unwrap_or_default();
        match size {
            Some(_) if drawn > MAX_DRAWN => return Err(TOO_LARGE.to_owned()),
            Some(_) => {
                let mut output = PlainTextOutput::new(&mut text as &mut dyn Write);
                match output_doc_page(&document, &mut output, number) {
                    Ok(()) => {}
                    Err(_) if text.0.len() > MAX_TEXT => return Err(TOO_LARGE.to_owned()),
                    Err(_) => return Err(DAMAGED.to_owned()),
                }
            }
            None => {
                let note = format!("\n[Page {number} is too complex to be read.]\n");
                text.0.extend_from_slice(note.as_bytes());
            }
        }
    }
    let text = String::from_utf8(text.0).map_err(|_| DAMAGED)?;
    match text.trim().is_empty() {
        true => Err("There is no text in the PDF: its pages may be images.".to_owned()),
        false => Ok(text),
    }
}

/// Unpacks every stream that is read for its text, and empties the others: whoever reads the document
/// later unpacks nothing.
fn unpack(document: &mut Document) -> Result<(), String> {
    let mut budget = Budget::new(MAX_UNPACKED);
    let mappings = mapping::streams(document);
    for (id, object) in &mut document.objects {
        let Object::Stream(stream) = object else { continue };
        let content = match is_image(stream) {
            true => Vec::new(),
            false => inflate::unpacked(stream, &mut budget)?,
        };
        let content = match mappings.contains(id) && !mapping::is_small(&content) {
            true => Vec::new(),
            false => content,
        };
        stream.dict.remove(b"DecodeParms");
        stream.dict.remove(b"Filter");
        stream.set_content(content);
    }
    Ok(())
}

fn is_image(stream: &pdf_extract::Stream) -> bool {
    stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|kind| kind == b"Image")
}

/// A text that does not grow beyond its limit.
struct Text(Vec<u8>);

impl Write for Text {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(more);
        if self.0.len() > MAX_TEXT {
            return Err(io::Error::other("the text is too long"));
        }
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The object that a value is, where it is a reference to one.
fn referred(value: &Object) -> Option<ObjectId> {
    value.as_reference().ok()
}
