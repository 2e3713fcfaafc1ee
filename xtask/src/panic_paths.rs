//! The file that a panic would come from is in its message: two hundred paths, and 2 kB of the first
//! load, of what nobody sees. The message, its line and its column stay.

/// How a path begins: of cargo's registry below its home, of the standard library, and of our own crates.
const BEGINS: [&str; 4] = ["/registry/src/", "/rustc/", "app/src/", "crates/"];
const END: &[u8] = b".rs";
/// No path is longer than this, in bytes.
const LONGEST: usize = 240;

/// Overwrites the paths of source files with zeros: their lengths are in the code. `home` is cargo's.
pub(crate) fn blank(module: &mut [u8], home: &str) {
    let in_home = format!("{home}{}", BEGINS[0]);
    for begin in std::iter::once(in_home.as_str()).chain(BEGINS).map(str::as_bytes) {
        let mut at = 0;
        while let Some(found) = position(&module[at..], begin) {
            at += found;
            let rest = &module[at..module.len().min(at + LONGEST)];
            let length = rest.iter().position(|byte| !is_of_path(*byte)).unwrap_or(rest.len());
            let length = position(&rest[..length], END).map_or(0, |end| end + END.len());
            module[at..at + length].fill(0);
            at += length.max(1);
        }
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn is_of_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::blank;

    #[test]
    fn only_paths_of_source_files_go() {
        let mut module = *b"no/home/.cargo/registry/src/index-1/a-1.0/src/b.rs/else/.cargo/registry/src/b.rsapp/src/c.rs\0crates/ /rustc/0a/d.rs /rustc/ e.rs";
        blank(&mut module, "/home/.cargo");
        let left = String::from_utf8_lossy(&module);
        let words: Vec<_> = left.split(['\0', ' ']).filter(|word| !word.is_empty()).collect();
        assert_eq!(words, ["no", "/else/.cargo", "crates/", "/rustc/", "e.rs"]);
    }
}
