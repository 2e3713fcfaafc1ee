//! What only people read in a script: indentation and comments.

/// The script without them. Comments are those that wasm-bindgen writes: on lines of their own.
pub(crate) fn strip(script: &str) -> String {
    let mut stripped = String::with_capacity(script.len());
    let mut in_comment = false;
    for line in script.lines().map(str::trim) {
        let begins = line.starts_with("/*");
        let is_comment = in_comment || begins || line.starts_with("//");
        in_comment = (in_comment || begins) && !line.ends_with("*/");
        if !is_comment && !line.is_empty() {
            stripped.push_str(line);
            stripped.push('\n');
        }
    }
    stripped
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn only_what_people_read_goes() {
        let script = "/**\n * Says.\n */\nfunction f() {\n    // Why.\n    /* x */\n    return 'a // b';\n}\n";
        assert_eq!(strip(script), "function f() {\nreturn 'a // b';\n}\n");
    }
}
