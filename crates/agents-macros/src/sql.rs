//! What `sql!` reads and writes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Error, Expr, LitStr, Result, Token,
    parse::{Parse, ParseStream},
};

/// `cx, "SELECT ... {value} ..."`, taken apart.
pub(crate) struct Statement {
    cx: Expr,
    /// With `?1`, `?2`, ... for the values.
    sql: String,
    values: Vec<Expr>,
    /// Whether it answers rows.
    queries: bool,
}

impl Parse for Statement {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let cx = input.parse()?;
        input.parse::<Token![,]>()?;
        if !input.peek(LitStr) {
            let error = "`sql!` takes the statement as a string literal with its values in braces: \
                         a value is bound, and never becomes a part of the text";
            return Err(match input.parse::<Expr>() {
                Ok(other) => Error::new_spanned(other, error),
                Err(_) => input.error(error),
            });
        }
        let literal: LitStr = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        let mut reader = Reader::new(&literal);
        reader.read(&literal.value())?;
        let queries = answers_rows(&reader.code);
        Ok(Self { cx, sql: reader.sql, values: reader.values, queries })
    }
}

/// Whether a statement answers rows, by its words.
fn answers_rows(code: &str) -> bool {
    let code = code.to_ascii_uppercase();
    let mut words = code
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .filter(|word| !word.is_empty());
    matches!(words.next(), Some("SELECT" | "WITH" | "VALUES" | "PRAGMA" | "EXPLAIN"))
        || words.any(|word| word == "RETURNING")
}

/// Where in a statement we are.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Code,
    Quoted(char),
    LineComment,
    BlockComment,
}

/// Reads the text of a statement from its beginning to its end.
struct Reader<'a> {
    literal: &'a LitStr,
    place: Place,
    sql: String,
    /// The statement without quotes and comments.
    code: String,
    values: Vec<Expr>,
}

impl<'a> Reader<'a> {
    fn new(literal: &'a LitStr) -> Self {
        let (sql, code, values) = (String::new(), String::new(), Vec::new());
        Self { literal, place: Place::Code, sql, code, values }
    }

    fn read(&mut self, mut rest: &str) -> Result<()> {
        while let Some(letter) = rest.chars().next() {
            let after = &rest[letter.len_utf8()..];
            rest = match letter {
                '{' | '}' if after.starts_with(letter) => {
                    self.sql.push(letter);
                    &after[1..]
                }
                '{' if self.place == Place::Code => self.value(after)?,
                '{' | '}' => return Err(self.stray_brace(letter)),
                _ => {
                    self.letter(letter, after);
                    after
                }
            };
        }
        Ok(())
    }

    fn letter(&mut self, letter: char, after: &str) {
        let next = match (self.place, letter) {
            (Place::Code, '\'' | '"' | '`') => Place::Quoted(letter),
            (Place::Code, '-') if after.starts_with('-') => Place::LineComment,
            (Place::Code, '/') if after.starts_with('*') => Place::BlockComment,
            // A doubled quote within quotes ends them and begins them again.
            (Place::Quoted(quote), letter) if quote == letter => Place::Code,
            (Place::LineComment, '\n') => Place::Code,
            (Place::BlockComment, '/') if self.sql.ends_with('*') => Place::Code,
            (place, _) => place,
        };
        if self.place == Place::Code && next == Place::Code {
            self.code.push(letter);
        } else {
            self.code.push(' ');
        }
        self.sql.push(letter);
        self.place = next;
    }

    /// Reads a value up to its closing brace: the first with which it is an expression, since an
    /// expression may have braces of its own.
    fn value<'t>(&mut self, rest: &'t str) -> Result<&'t str> {
        for (end, _) in rest.match_indices('}') {
            let expression = LitStr::new(&rest[..end], self.literal.span());
            if let Ok(value) = expression.parse::<Expr>() {
                self.values.push(value);
                self.sql.push_str(&format!("?{}", self.values.len()));
                return Ok(&rest[end + 1..]);
            }
        }
        let shown = rest.split('}').next().unwrap_or_default();
        let error = format!("`{{{shown}}}` is not an expression; a brace itself is written `{{{{`");
        Err(Error::new(self.literal.span(), error))
    }

    fn stray_brace(&self, brace: char) -> Error {
        let error = match self.place {
            Place::Code => format!("a brace itself is written `{brace}{brace}`"),
            _ => format!(
                "a value cannot stand in quotes or in a comment: write `'%' || {{name}} || '%'`; \
                 a brace itself is written `{brace}{brace}`"
            ),
        };
        Error::new(self.literal.span(), error)
    }
}

pub(crate) fn write(statement: &Statement) -> TokenStream {
    let Statement { cx, sql, values, queries } = statement;
    let run = if *queries { quote!(query) } else { quote!(execute) };
    quote! {
        ::domovoi_agents::Context::sql(&#cx)
            .#run(#sql, ::domovoi_agents::rusqlite::params![#(#values),*])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, usize, bool)> {
        let literal = LitStr::new(text, proc_macro2::Span::call_site());
        let mut reader = Reader::new(&literal);
        reader.read(text)?;
        Ok((reader.sql.clone(), reader.values.len(), answers_rows(&reader.code)))
    }

    fn accepted(text: &str) -> (String, usize, bool) {
        read(text).unwrap()
    }

    fn refused(text: &str) -> String {
        read(text).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn values_become_parameters() {
        let (sql, values, rows) =
            accepted(r#"SELECT * FROM t WHERE a > {a} AND b = {map["}"].clone()} AND c = {{{c}}}"#);
        assert_eq!(sql, "SELECT * FROM t WHERE a > ?1 AND b = ?2 AND c = {?3}");
        assert_eq!((values, rows), (3, true));
        assert_eq!(accepted("UPDATE t SET a = { {1} + {2} }").0, "UPDATE t SET a = ?1");
    }

    #[test]
    fn braces_in_quotes_are_doubled() {
        assert_eq!(
            accepted(r#"INSERT INTO t VALUES ('{{"a":1}}')"#).0,
            r#"INSERT INTO t VALUES ('{"a":1}')"#
        );
        assert!(refused("SELECT '%{name}%'").contains("'%' || {name} || '%'"));
        assert!(refused("SELECT 'it''s {name}'").contains("quotes"));
        assert_eq!(accepted("SELECT 'it''s', {name}").0, "SELECT 'it''s', ?1");
        assert_eq!(accepted("SELECT 1 -- don't\n, {name}").1, 1);
        assert_eq!(accepted("SELECT 1 /* don't */, {name}").1, 1);
        assert!(refused("SELECT }").contains("`}}`"));
        assert!(refused("SELECT {1 +}").contains("not an expression"));
    }

    #[test]
    fn statements_that_answer_rows() {
        for rows in [
            "select 1",
            " -- why\n WITH a AS (SELECT 1) SELECT * FROM a",
            "INSERT INTO t VALUES (1) returning id",
            "PRAGMA user_version",
        ] {
            assert!(accepted(rows).2, "{rows}");
        }
        for none in ["INSERT INTO t VALUES ('returning')", "CREATE TABLE selected (a)", ""] {
            assert!(!accepted(none).2, "{none}");
        }
    }
}
