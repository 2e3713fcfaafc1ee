//! How an agent's type and instance become a path: `/agents/{agent}/{name}`.

/// Path segment all agents live under.
pub const PREFIX: &str = "agents";

/// Name of the instance that clients address when they give none.
pub const DEFAULT_INSTANCE: &str = "default";

/// Longest instance name accepted, in bytes.
pub const MAX_NAME_BYTES: usize = 255;

/// Turns a type's name into the kebab-case name it has in addresses, by the rule of the npm client.
///
/// A name that is all capitals is lower-cased with `_` turned into `-`; otherwise each capital
/// `X` becomes `-x`, a leading `-` is dropped and `_` becomes `-`.
///
/// ```
/// use domovoi_protocol::address::kebab_case;
/// assert_eq!(kebab_case("TestStateAgent"), "test-state-agent");
/// assert_eq!(kebab_case("MY_AGENT"), "my-agent");
/// assert_eq!(kebab_case("counter"), "counter");
/// ```
#[must_use]
pub fn kebab_case(name: &str) -> String {
    let has_letter = name.chars().any(char::is_alphabetic);
    if has_letter && name == name.to_uppercase() && name != name.to_lowercase() {
        return name.to_lowercase().replace('_', "-");
    }
    let mut kebab = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            kebab.push('-');
            kebab.push(c.to_ascii_lowercase());
        } else {
            kebab.push(if c == '_' { '-' } else { c });
        }
    }
    kebab.strip_prefix('-').map(str::to_owned).unwrap_or(kebab)
}

/// Whether `name` may name an instance: 1 to [`MAX_NAME_BYTES`] bytes without control characters.
#[must_use]
pub fn is_valid_instance_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && !name.chars().any(char::is_control)
}

/// The path of an instance, percent-encoded where its name needs it.
///
/// ```
/// use domovoi_protocol::address::path;
/// assert_eq!(path("assistant", "a b"), "/agents/assistant/a%20b");
/// ```
#[must_use]
pub fn path(agent: &str, name: &str) -> String {
    let mut path = format!("/{PREFIX}/{agent}/");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kebab_names_are_those_of_the_npm_client() {
        for (name, kebab) in [
            ("TestStateAgent", "test-state-agent"),
            ("testStateAgent", "test-state-agent"),
            ("test-state-agent", "test-state-agent"),
            ("MY_AGENT", "my-agent"),
            ("ABC", "abc"),
            ("A", "a"),
            ("HTTPServer", "h-t-t-p-server"),
            ("My_Agent", "my--agent"),
            ("agent_2", "agent-2"),
            ("Agent2Go", "agent2-go"),
            ("", ""),
            ("42", "42"),
        ] {
            assert_eq!(kebab_case(name), kebab, "{name}");
        }
    }

    #[test]
    fn instance_names_have_bounds() {
        assert!(is_valid_instance_name(&"é".repeat(127)));
        assert!(!is_valid_instance_name(&"é".repeat(128)));
        assert!(!is_valid_instance_name(""));
        assert!(!is_valid_instance_name("a\nb"));
    }
}
