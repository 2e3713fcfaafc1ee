//! Shorter names between a WebAssembly module and its JavaScript. wasm-bindgen ends them with hashes,
//! which no compression makes smaller, and both files have them: 5 kB of the first load.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

const IMPORTS: u8 = 2;
const EXPORTS: u8 = 7;

/// Hexadecimal digits at the end of a name that is made shorter.
const HASH: usize = 16;

/// Renames what both sides call by a name with a hash.
pub(crate) fn shorten(wasm: &[u8], script: &str) -> Result<(Vec<u8>, String)> {
    let mut names = Names::default();
    let mut module = wasm.get(..8).context("no WebAssembly module")?.to_vec();
    let mut rest = Reader { bytes: wasm, at: 8 };
    while rest.at < wasm.len() {
        let id = rest.byte()?;
        let length = rest.number()?;
        let section = rest.take(length)?;
        let section = match id {
            IMPORTS => imports(section, &mut names)?,
            EXPORTS => exports(section, &mut names)?,
            _ => section.to_vec(),
        };
        module.push(id);
        push_number(&mut module, section.len());
        module.extend(section);
    }
    Ok((module, names.rename(script)))
}

/// Long names and their short ones.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn short(&mut self, name: &str) -> String {
        let hash = name.len().checked_sub(HASH).and_then(|at| name.get(at..));
        if !hash.is_some_and(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            return name.to_owned();
        }
        let next = format!("${}", self.0.len());
        self.0.entry(name.to_owned()).or_insert(next).clone()
    }

    /// The script with every identifier that is known by its short name.
    fn rename(&self, script: &str) -> String {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '$');
        let mut renamed = String::with_capacity(script.len());
        let mut rest = script;
        while let Some(begin) = rest.find(is_part) {
            renamed.push_str(&rest[..begin]);
            rest = &rest[begin..];
            let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            let name = &rest[..end];
            renamed.push_str(self.0.get(name).map_or(name, String::as_str));
            rest = &rest[end..];
        }
        renamed + rest
    }
}

/// Source: the WebAssembly specification, 5.5.5 "Import Section".
fn imports(section: &[u8], names: &mut Names) -> Result<Vec<u8>> {
    let mut reader = Reader { bytes: section, at: 0 };
    let count = reader.number()?;
    let mut out = Vec::with_capacity(section.len());
    push_number(&mut out, count);
    for _ in 0..count {
        push_text(&mut out, reader.text()?);
        let name = names.short(reader.text()?);
        push_text(&mut out, &name);
        let begin = reader.at;
        match reader.byte()? {
            0 => drop(reader.number()?),
            1 => {
                reader.byte()?;
                reader.limits()?;
            }
            2 => reader.limits()?,
            3 => drop(reader.take(2)?),
            4 => {
                reader.byte()?;
                reader.number()?;
            }
            kind => bail!("an import of kind {kind}"),
        }
        out.extend(&section[begin..reader.at]);
    }
    Ok(out)
}

/// Source: the WebAssembly specification, 5.5.10 "Export Section".
fn exports(section: &[u8], names: &mut Names) -> Result<Vec<u8>> {
    let mut reader = Reader { bytes: section, at: 0 };
    let count = reader.number()?;
    let mut out = Vec::with_capacity(section.len());
    push_number(&mut out, count);
    for _ in 0..count {
        let name = names.short(reader.text()?);
        push_text(&mut out, &name);
        out.push(reader.byte()?);
        push_number(&mut out, reader.number()?);
    }
    Ok(out)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(length).context("a module that is too long")?;
        let taken = self.bytes.get(self.at..end).context("a module that ends too soon")?;
        self.at = end;
        Ok(taken)
    }

    /// An unsigned number in LEB128.
    fn number(&mut self) -> Result<usize> {
        let mut value = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(usize::try_from(value)?);
            }
        }
        bail!("a number that is too long")
    }

    fn text(&mut self) -> Result<&'a str> {
        let length = self.number()?;
        Ok(std::str::from_utf8(self.take(length)?)?)
    }

    fn limits(&mut self) -> Result<()> {
        let has_maximum = self.byte()? & 1 == 1;
        self.number()?;
        if has_maximum {
            self.number()?;
        }
        Ok(())
    }
}

fn push_number(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            return out.push(byte);
        }
        out.push(byte | 0x80);
    }
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    push_number(out, text.len());
    out.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::shorten;

    const LONG: &str = "__wbg_log_0123456789abcdef";

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        let mut section = vec![id, u8::try_from(content.len()).unwrap()];
        section.extend(content);
        section
    }

    fn text(text: &str) -> Vec<u8> {
        let mut bytes = vec![u8::try_from(text.len()).unwrap()];
        bytes.extend(text.as_bytes());
        bytes
    }

    #[test]
    fn names_with_a_hash_are_shorter_on_both_sides_and_others_stay() {
        let head = b"\0asm\x01\0\0\0".to_vec();
        let module = |name: &str| {
            let import = [vec![1], text("wbg"), text(name), vec![0, 3]].concat();
            let export = [vec![1], text("memory"), vec![2, 0]].concat();
            [head.clone(), section(2, &import), section(7, &export), section(11, b"x")].concat()
        };
        let script = format!("wbg.{LONG} = (x) => log(x, 'a{LONG}'); // {LONG}");
        let (short, script) = shorten(&module(LONG), &script).unwrap();
        assert_eq!(short, module("$0"));
        assert_eq!(script, format!("wbg.$0 = (x) => log(x, 'a{LONG}'); // $0"));
    }

    #[test]
    fn what_is_no_module_is_an_error() {
        assert!(shorten(b"\0asm", "").is_err());
        assert!(shorten(b"\0asm\x01\0\0\0\x02\x7f", "").is_err());
    }
}
