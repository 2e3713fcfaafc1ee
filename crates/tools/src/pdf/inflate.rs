//! How large compressed streams become, found out before they are unpacked.

use std::io::{self, Read, Write};

use flate2::read::ZlibDecoder;
use pdf_extract::{Dictionary, Object, Stream};
use weezl::{BitOrder, decode::Decoder};

use super::TOO_LARGE;

/// Filters that one stream may go through.
const MAX_FILTERS: usize = 4;

/// Bytes that may still be unpacked.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    fn take(&mut self, bytes: usize) -> Result<(), String> {
        self.0 = self.0.checked_sub(bytes).ok_or(TOO_LARGE)?;
        Ok(())
    }
}

/// Whether what a parser unpacks to find the objects of a file is small enough. It does so before anybody
/// can look at the objects, so this looks at the bytes: at all that follows the word `stream`, but for
/// images.
pub(super) fn check_file(file: &[u8], budget: &mut Budget) -> Result<(), String> {
    let mut at = 0;
    while let Some(found) = find(&file[at..], b"stream") {
        let begin = at + found;
        at = begin + b"stream".len();
        let before = &file[begin.saturating_sub(1 << 16)..begin];
        let object = before.windows(3).rposition(|it| it == b"obj").unwrap_or_default();
        let dictionary = &before[object..];
        let has = |word: &[u8]| find(dictionary, word).is_some();
        if has(b"/Image") && !has(b"/ObjStm") && !has(b"/XRef") && !has(b"#") {
            continue;
        }
        let data = file[at..].trim_ascii_start();
        nested(data, budget, MAX_FILTERS)?;
    }
    Ok(())
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|it| it == word)
}

/// Counts what is packed here, and what is packed in that.
fn nested(data: &[u8], budget: &mut Budget, depth: usize) -> Result<(), String> {
    if !looks_packed(data) {
        return Ok(());
    }
    if depth == 0 {
        return Err(TOO_LARGE.to_owned());
    }
    let mut unpacked = Vec::new();
    // What comes before an error counts: parsers take it.
    let _ = ZlibDecoder::new(data).take(budget.0 as u64 + 1).read_to_end(&mut unpacked);
    budget.take(unpacked.len())?;
    nested(&unpacked, budget, depth - 1)
}

/// Whether data begins as zlib's does.
fn looks_packed(data: &[u8]) -> bool {
    match data {
        [method, flags, ..] => {
            method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0
        }
        _ => false,
    }
}

/// What is in a stream. One that is packed in a way nobody can unpack is empty.
pub(super) fn unpacked(stream: &Stream, budget: &mut Budget) -> Result<Vec<u8>, String> {
    let filters: Vec<Vec<u8>> = match stream.dict.get(b"Filter") {
        Err(_) => Vec::new(),
        Ok(_) => match stream.filters() {
            Ok(filters) => filters.into_iter().map(<[u8]>::to_vec).collect(),
            Err(_) => return Ok(Vec::new()),
        },
    };
    if filters.len() > MAX_FILTERS {
        return Err(TOO_LARGE.to_owned());
    }
    let mut content = stream.content.clone();
    if filters.is_empty() {
        budget.take(content.len())?;
    }
    for filter in filters {
        match filter.as_slice() {
            b"FlateDecode" => count(ZlibDecoder::new(&*content), budget)?,
            b"LZWDecode" => count_lzw(&content, budget)?,
            // Never more than four bytes for each.
            b"ASCII85Decode" => budget.take(content.len().saturating_mul(4))?,
            _ => return Ok(Vec::new()),
        }
        let mut dictionary = Dictionary::new();
        dictionary.set("Filter", Object::Name(filter));
        if let Ok(parameters) = stream.dict.get(b"DecodeParms") {
            dictionary.set("DecodeParms", parameters.clone());
        }
        let step = Stream::new(dictionary, content);
        content = step.decompressed_content().unwrap_or_default();
    }
    Ok(content)
}

fn count(mut data: impl Read, budget: &mut Budget) -> Result<(), String> {
    let mut meter = Meter { left: budget.0, count: 0 };
    // An error within the data ends it; whoever reads it takes what comes before.
    let _ = io::copy(&mut data, &mut meter);
    budget.take(meter.count)
}

fn count_lzw(data: &[u8], budget: &mut Budget) -> Result<(), String> {
    let mut meter = Meter { left: budget.0, count: 0 };
    let mut decoder = Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
    // With the other width of codes it becomes as large, but for a few bytes.
    let _ = decoder.into_stream(&mut meter).decode_all(data);
    budget.take(meter.count)
}

/// Counts what is written, and takes no more than a little beyond what is left.
struct Meter {
    left: usize,
    count: usize,
}

impl Write for Meter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.count += bytes.len();
        if self.count > self.left { Err(io::Error::other("too much")) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
