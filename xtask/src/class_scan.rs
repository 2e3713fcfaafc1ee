//! Finding class names: in the Rust source of `app`, and in a stylesheet.
//!
//! Rust is read as tokens, so that a comment or an identifier is never taken for a class.

use std::{collections::BTreeSet, iter::Peekable, str::FromStr};

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree, token_stream::IntoIter};

/// Every word of every string literal: what might be a class. Rules are generated from these,
/// so that a class named anywhere, in a constant or a match, is styled.
pub(crate) fn words(source: &str) -> Result<BTreeSet<String>> {
    let mut words = BTreeSet::new();
    literals(tokens(source)?, &mut words);
    Ok(words)
}

/// The words that are used as classes for certain: values of `class="..."`,
/// `class=move || ...`, `class:name=...`, `class=("name", ...)`, and constants whose name ends
/// with `_CLASS` or `_CLASSES`.
pub(crate) fn classes(source: &str) -> Result<BTreeSet<String>> {
    let mut classes = BTreeSet::new();
    attributes(tokens(source)?, &mut classes);
    Ok(classes)
}

/// The class names a stylesheet has selectors for.
pub(crate) fn selectors(css: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for part in css.split('.').skip(1) {
        let mut name = String::new();
        let mut characters = part.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => name.extend(characters.next()),
                '-' | '_' => name.push(character),
                _ if character.is_alphanumeric() => name.push(character),
                _ => break,
            }
        }
        if name.starts_with(|first: char| first.is_alphabetic() || first == '-' || first == '_') {
            names.insert(name);
        }
    }
    names
}

fn tokens(source: &str) -> Result<TokenStream> {
    TokenStream::from_str(source).map_err(|error| anyhow!("not valid Rust: {error}"))
}

/// Adds the words of all string literals, at any depth. Literals that are only compared with
/// (`== "x"`, `"x" =>`) are left out by `attributes`, not here.
fn literals(stream: TokenStream, words: &mut BTreeSet<String>) {
    for token in stream {
        match token {
            TokenTree::Group(group) => literals(group.stream(), words),
            TokenTree::Literal(literal) => words.extend(text_words(&literal.to_string())),
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

/// The words inside one string literal as written in the source; nothing for other literals.
fn text_words(literal: &str) -> Vec<String> {
    let (Some(open), Some(close)) = (literal.find('"'), literal.rfind('"')) else {
        return Vec::new();
    };
    if literal.starts_with('b') || literal.starts_with('\'') || close <= open {
        return Vec::new();
    }
    literal[open + 1..close]
        .replace("\\\"", "\"")
        .split(|character: char| character.is_whitespace() || character == '\\')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Walks one level of tokens, looking for class attributes and class constants.
fn attributes(stream: TokenStream, classes: &mut BTreeSet<String>) {
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => attributes(group.stream(), classes),
            TokenTree::Ident(ident) if ident == "class" => match punct(&mut tokens) {
                Some('=') => {
                    tokens.next();
                    value(&mut tokens, classes);
                }
                Some(':') => {
                    tokens.next();
                    classes.extend(hyphenated(&mut tokens));
                }
                _ => {}
            },
            TokenTree::Ident(ident)
                if ident.to_string().ends_with("_CLASS")
                    || ident.to_string().ends_with("_CLASSES") =>
            {
                constant(&mut tokens, classes);
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// The next token, if it is punctuation.
fn punct(tokens: &mut Peekable<IntoIter>) -> Option<char> {
    match tokens.peek() {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    }
}

/// `class:is-open=...`: the name up to the equals sign.
fn hyphenated(tokens: &mut Peekable<IntoIter>) -> Option<String> {
    let mut name = String::new();
    loop {
        match tokens.peek() {
            Some(TokenTree::Ident(ident)) => name.push_str(&ident.to_string()),
            Some(TokenTree::Punct(punct)) if punct.as_char() == '-' => name.push('-'),
            Some(TokenTree::Literal(literal)) => name.push_str(&literal.to_string()),
            _ => break,
        }
        tokens.next();
    }
    // `class: String` is a field, not an attribute.
    (punct(tokens) == Some('=') && !name.is_empty()).then_some(name)
}

/// The value of a `class=` attribute: `"a b"`, `("a", condition)` or an expression.
fn value(tokens: &mut Peekable<IntoIter>, classes: &mut BTreeSet<String>) {
    match tokens.peek() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            if let Some(TokenTree::Literal(name)) = group.stream().into_iter().next() {
                classes.extend(text_words(&name.to_string()));
            }
            tokens.next();
        }
        Some(_) => chosen(expression(tokens), classes),
        None => {}
    }
}

/// The tokens of an attribute's value, up to the next attribute or the end of the tag.
fn expression(tokens: &mut Peekable<IntoIter>) -> TokenStream {
    let mut taken = Vec::new();
    loop {
        // An attribute begins where a name follows a finished value without anything between.
        let finished = matches!(taken.last(), Some(TokenTree::Literal(_) | TokenTree::Group(_)));
        match tokens.peek() {
            None => break,
            Some(TokenTree::Ident(ident)) if finished && ident != "else" => break,
            Some(TokenTree::Punct(punct)) => match punct.as_char() {
                '>' if !follows(&taken, &['=', '-']) => break,
                '/' | ';' => break,
                _ => {}
            },
            Some(_) => {}
        }
        taken.extend(tokens.next());
    }
    taken.into_iter().collect()
}

/// Whether the last token is one of these signs.
fn follows(taken: &[TokenTree], signs: &[char]) -> bool {
    matches!(taken.last(), Some(TokenTree::Punct(punct)) if signs.contains(&punct.as_char()))
}

/// The literals of an expression that can become its value: not those that are compared with,
/// matched on, or given to a method.
fn chosen(stream: TokenStream, classes: &mut BTreeSet<String>) {
    let mut tokens = stream.into_iter().peekable();
    let mut before: Vec<TokenTree> = Vec::new();
    while let Some(token) = tokens.next() {
        let compared = follows(&before, &['=']);
        match &token {
            TokenTree::Literal(literal) => {
                let pattern = matches!(punct(&mut tokens), Some('=' | '|'));
                if !compared && !pattern {
                    let words = text_words(&literal.to_string());
                    classes.extend(words.into_iter().filter(|word| !word.contains('{')));
                }
            }
            TokenTree::Group(group) => {
                let method = matches!(before.last(), Some(TokenTree::Ident(_)))
                    && before.len() >= 2
                    && follows(&before[..before.len() - 1], &['.']);
                if !compared && !method {
                    chosen(group.stream(), classes);
                }
            }
            TokenTree::Punct(_) | TokenTree::Ident(_) => {}
        }
        before.push(token);
    }
}

/// `const BUTTON_CLASS: &str = "...";`
fn constant(tokens: &mut Peekable<IntoIter>, classes: &mut BTreeSet<String>) {
    if punct(tokens) != Some(':') {
        return;
    }
    for token in tokens.by_ref() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            TokenTree::Literal(literal) => classes.extend(text_words(&literal.to_string())),
            TokenTree::Group(group) => literals(group.stream(), classes),
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{classes, selectors, words};

    fn list(names: &[&str]) -> std::collections::BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn words_come_from_literals_only() {
        let found = words(r#"/* flex */ let block = "grid gap-[1fr_2fr]"; f('x', b"hidden")"#);
        assert_eq!(found.expect("valid"), list(&["grid", "gap-[1fr_2fr]"]));
    }

    #[test]
    fn an_attribute_with_a_literal() {
        let found = classes(r#"view! { <p class="a md:b" data-testid="no">"text"</p> }"#);
        assert_eq!(found.expect("valid"), list(&["a", "md:b"]));
    }

    #[test]
    fn an_attribute_with_a_condition() {
        let found = classes(
            r#"view! { <p class=move || if s.get() == "no" { "a" } else { "b" } id="no">"no"</p> }"#,
        );
        assert_eq!(found.expect("valid"), list(&["a", "b"]));
    }

    #[test]
    fn an_attribute_with_a_match() {
        let found = classes(
            r#"view! { <p class=move || match s { "no" | "neither" => "a", _ => "b" }>"no"</p> }"#,
        );
        assert_eq!(found.expect("valid"), list(&["a", "b"]));
    }

    #[test]
    fn arguments_of_methods_are_no_classes() {
        let found = classes(
            r#"view! { <p class=move || if s.get().contains("no") { format!("a {extra}") } else { String::new() }>"no"</p> }"#,
        );
        assert_eq!(found.expect("valid"), list(&["a"]));
    }

    #[test]
    fn names_switched_on_and_off() {
        let found = classes(
            r#"view! { <p class:is-open=open class=("md:c", move || x == "no") class="d" /> }"#,
        );
        assert_eq!(found.expect("valid"), list(&["is-open", "md:c", "d"]));
    }

    #[test]
    fn constants_by_their_name() {
        let found = classes(r#"const BUTTON_CLASS: &str = "a b"; const OTHER: &str = "no";"#);
        assert_eq!(found.expect("valid"), list(&["a", "b"]));
    }

    #[test]
    fn a_struct_field_is_no_attribute() {
        let found = classes(r#"struct S { class: String } let s = S { class: "no".into() };"#);
        assert_eq!(found.expect("valid"), list(&[]));
    }

    #[test]
    fn selectors_of_a_stylesheet() {
        let found = selectors(".a:hover, p.b-c > .md\\:d { margin: .5rem 0.25rem }");
        assert_eq!(found, list(&["a", "b-c", "md:d"]));
    }
}
