//! Where in a dependency a panic would come from is in its message: a hundred and fifty paths, and
//! 2 kB of the first load. The message and the line stay, and so do the paths of our own files.

/// What lies between the begin of a path and the name of the crate: of cargo's registry, and of the
/// standard library.
const BEGINS: [&[u8]; 2] = [b"/registry/src/", b"/rustc/"];
const END: &[u8] = b".rs";
/// No path is longer than this, in bytes.
const LONGEST: usize = 240;

/// Overwrites the paths of dependencies with spaces: their lengths are in the code.
pub(crate) fn blank(module: &mut [u8]) {
    for begin in BEGINS {
        let mut at = 0;
        while let Some(found) = position(&module[at..], begin) {
            at += found;
            let rest = &module[at..module.len().min(at + LONGEST)];
            let length = rest.iter().position(|byte| !is_of_path(*byte)).unwrap_or(rest.len());
            let length = position(&rest[..length], END).map_or(0, |end| end + END.len());
            module[at..at + length].fill(b' ');
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
    fn only_paths_of_dependencies_go() {
        let mut module = *b"no/home/.cargo/registry/src/index-1/a-1.0/src/b.rsapp/src/c.rs\0/rustc/0a/d.rs /rustc/ e.rs";
        blank(&mut module);
        let left = String::from_utf8_lossy(&module);
        let words: Vec<_> = left.split_whitespace().collect();
        assert_eq!(words, ["no/home/.cargo", "app/src/c.rs\0", "/rustc/", "e.rs"]);
    }
}
