//! How many characters a font's mapping to Unicode names: a line of it can stand for four billion.

use std::collections::HashSet;

use pdf_extract::{Dictionary, Document, Object, ObjectId};

use super::referred;

/// Most characters that ranges of one mapping stand for.
const MAX_CHARACTERS: u64 = 1 << 20;

/// The streams that are mappings of fonts.
pub(super) fn streams(document: &Document) -> HashSet<ObjectId> {
    let of = |dictionary: &Dictionary| referred(dictionary.get(b"ToUnicode").ok()?);
    let found = document.objects.values().filter_map(|object| match object {
        Object::Dictionary(dictionary) => of(dictionary),
        Object::Stream(stream) => of(&stream.dict),
        _ => None,
    });
    found.collect()
}

/// Whether a mapping names no more characters than one may.
pub(super) fn is_small(mapping: &[u8]) -> bool {
    let text = String::from_utf8_lossy(mapping);
    let lines = text.split(['\n', '\r']).map(|line| line.split('%').next().unwrap_or(line));
    let text = lines.collect::<Vec<_>>().join("\n");
    let sections = text.split("beginbfrange").skip(1);
    let sections = sections.map(|rest| rest.split("endbfrange").next().unwrap_or(rest));
    sections.flat_map(ranges).fold(0_u64, u64::saturating_add) <= MAX_CHARACTERS
}

/// How many characters each range of a section stands for: `<low> <high> <first>`, or a list in the place
/// of the first.
fn ranges(section: &str) -> impl Iterator<Item = u64> {
    let mut rest = section;
    std::iter::from_fn(move || {
        let (low, after) = number(rest)?;
        let (high, after) = number(after)?;
        let after = after.trim_start();
        rest = match after.strip_prefix('[') {
            Some(list) => list.split_once(']').map_or("", |(_, after)| after),
            None => number(after).map_or("", |(_, after)| after),
        };
        Some(high.saturating_sub(low).saturating_add(1))
    })
}

/// The next number between `<` and `>`, and what comes after it. One of several characters is as large as
/// can be.
fn number(text: &str) -> Option<(u64, &str)> {
    let (digits, after) = text.split_once('<')?.1.split_once('>')?;
    let digits: String = digits.split_whitespace().collect();
    Some((u64::from_str_radix(&digits, 16).unwrap_or(u64::MAX), after))
}

#[cfg(test)]
mod tests {
    use super::is_small;

    #[test]
    fn a_mapping_of_more_characters_than_there_are_is_large() {
        let usual = "1 begincodespacerange <0000> <FFFF> endcodespacerange 2 beginbfrange\n\
                     <0003> <00ff> <0020> % <0000> <ffffffff>\n<0100> <0101> [<0041> <00420301>]\n\
                     endbfrange 1 beginbfchar <0000> <ffffffff> endbfchar";
        assert!(is_small(usual.as_bytes()));
        assert!(!is_small(b"1 beginbfrange <00000000> <ffffffff> <0000> endbfrange"));
        assert!(!is_small(b"1 beginbfrange <01> <02> [<41>] <0> <f fffff ff> <00> endbfrange"));
        assert!(!is_small("beginbfrange <0000> <ffff> <0> endbfrange ".repeat(17).as_bytes()));
    }
}
