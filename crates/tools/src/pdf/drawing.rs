//! How much there is to read on a page, the forms it draws included: a form that draws itself would
//! never end, and ten that draw each other ten times would take for ever.

use std::{collections::HashMap, ptr};

use pdf_extract::{Dictionary, Document, Object, ObjectId, Stream};

/// How deep forms may draw others.
const DEEPEST: usize = 12;

/// Bytes of instructions that are read for a page whose streams are unpacked. Nothing where it has no end,
/// or none worth counting to.
pub(super) fn size_of(document: &Document, page: ObjectId) -> Option<usize> {
    let contents = document.get_page_contents(page);
    let streams =
        contents.into_iter().filter_map(|id| document.get_object(id).ok()?.as_stream().ok());
    let mut content = Vec::new();
    for stream in streams {
        content.push(stream.content.as_slice());
        // One stream may be named many times.
        if content.iter().map(|it| it.len()).sum::<usize>() > super::MAX_PAGE {
            return None;
        }
    }
    let empty = Dictionary::new();
    let resources = inherited(document, page).unwrap_or(&empty);
    let mut forms = Forms { document, known: HashMap::new() };
    content.into_iter().try_fold(0_usize, |sum, content| {
        sum.checked_add(forms.drawn(content, resources, DEEPEST)?)
    })
}

/// The resources of a page, which may be those of a group of pages.
fn inherited(document: &Document, page: ObjectId) -> Option<&Dictionary> {
    let mut node = document.get_dictionary(page).ok()?;
    for _ in 0..64 {
        if let Some(resources) = dictionary(document, node, b"Resources") {
            return Some(resources);
        }
        node = dictionary(document, node, b"Parent")?;
    }
    None
}

fn dictionary<'a>(
    document: &'a Document,
    of: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Dictionary> {
    document.dereference(of.get(key).ok()?).ok()?.1.as_dict().ok()
}

struct Forms<'a> {
    document: &'a Document,
    /// By form, and by the resources it is drawn with.
    known: HashMap<(ObjectId, *const Dictionary), usize>,
}

impl<'a> Forms<'a> {
    fn drawn(&mut self, content: &[u8], resources: &'a Dictionary, depth: usize) -> Option<usize> {
        let mut sum = content.len();
        for name in drawn_names(content) {
            sum = sum.checked_add(self.form(name, resources, depth)?)?;
            if sum > super::MAX_PAGE {
                return None;
            }
        }
        Some(sum)
    }

    fn form(&mut self, name: &[u8], resources: &'a Dictionary, depth: usize) -> Option<usize> {
        let Some(forms) = dictionary(self.document, resources, b"XObject") else { return Some(0) };
        let Some((id, form)) = self.named(forms, name) else { return Some(0) };
        let own = dictionary(self.document, &form.dict, b"Resources").unwrap_or(resources);
        let key = (id, ptr::from_ref(own));
        if let Some(known) = self.known.get(&key) {
            return Some(*known);
        }
        let drawn = self.drawn(&form.content, own, depth.checked_sub(1)?)?;
        self.known.insert(key, drawn);
        Some(drawn)
    }

    fn named(&self, forms: &'a Dictionary, name: &[u8]) -> Option<(ObjectId, &'a Stream)> {
        let (id, object) = self.document.dereference(forms.get(&plain(name)).ok()?).ok()?;
        Some((id?, Object::as_stream(object).ok()?))
    }
}

/// The names of what instructions draw: those before `Do`.
fn drawn_names(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"/<>[]()%".contains(byte);
    let places = content.windows(2).enumerate().filter(|(_, word)| word == b"Do");
    places.filter_map(move |(at, _)| {
        if content.get(at + 2).is_some_and(|after| !is_end(after)) {
            return None;
        }
        let before = content[..at].trim_ascii_end();
        let slash = before.iter().rposition(|byte| *byte == b'/')?;
        Some(&before[slash + 1..])
    })
}

/// A name without `#` and two digits for a letter.
fn plain(name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        match digits.and_then(|it| u8::from_str_radix(it, 16).ok()).filter(|_| *byte == b'#') {
            Some(letter) => {
                plain.push(letter);
                rest = &after[2..];
            }
            None => {
                plain.push(*byte);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{drawn_names, plain};

    #[test]
    fn what_is_drawn_is_named_before_it() {
        let names: Vec<_> = drawn_names(b"q /A Do Q/B#20C  Do/D Do (Dodo) Tj /Dot gs").collect();
        assert_eq!(names, [&b"A"[..], b"B#20C", b"D"]);
        assert_eq!(plain(b"B#20C#"), b"B C#");
    }
}
