//! Arithmetic.
//!
//! `fasteval` is made for expressions of strangers: it bounds length and depth, and neither loops
//! nor calls itself without end.

use domovoi_agents::prelude::*;

/// Longest expression, in bytes.
const MAX_LENGTH: usize = 1000;
/// From here on not every whole number is one of a float.
const EXACT: f64 = 1e15;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CalculatorArgs {
    /// The expression, such as `(17.5 + 3) * 2^10 / sqrt(2)`. Operators: `+ - * / % ^` and
    /// comparisons; `%` is the remainder. Functions: sqrt, cbrt, exp, ln, log (base 10), log2, abs,
    /// floor, ceil, round, min, max, sin, cos, tan, asin, acos, atan (radians). Constants: pi, e.
    expression: String,
}

/// Works out an arithmetic expression. Use it for every calculation that is not trivial.
#[tool]
pub async fn calculator(args: CalculatorArgs) -> Result<String> {
    let expression = args.expression.replace("**", "^").replace(['×', '·'], "*").replace('÷', "/");
    if expression.len() > MAX_LENGTH {
        return Err(format!("The expression is longer than {MAX_LENGTH} characters.").into());
    }
    // `print("...")` of the language writes to this process's standard error.
    let foreign = |c: char| !c.is_ascii() || c.is_ascii_control() && !c.is_ascii_whitespace();
    if let Some(c) = expression.chars().find(|&c| foreign(c) || "\"'$;".contains(c)) {
        return Err(format!("{c:?} has no meaning in an expression.").into());
    }
    if negates_power(expression.as_bytes()) {
        return Err("A minus before a power is ambiguous: write `-(3^2)` or `(-3)^2`.".into());
    }
    let value = fasteval::ez_eval(&expression, &mut name).map_err(|error| explain(&error))?;
    if !value.is_finite() {
        return Err("The result is no number: a division by zero, the root or logarithm of a \
                    negative number, or more than 10^308."
            .into());
    }
    Ok(format(value))
}

/// Whether a sign stands before a power, as in `-3^2`: spreadsheets and this parser read it as
/// `(-3)^2`, mathematicians and most languages as `-(3^2)`.
fn negates_power(expression: &[u8]) -> bool {
    let compact: Vec<u8> =
        expression.iter().copied().filter(|c| !c.is_ascii_whitespace()).collect();
    let is_sign = |at: usize| {
        compact[at] == b'-'
            && at.checked_sub(1).is_none_or(|before| b"(,+-*/%^<>=!&|".contains(&compact[before]))
    };
    (0..compact.len()).any(|at| is_sign(at) && is_power(&compact[at + 1..]))
}

/// Whether the text begins with a number, a name, a call or a group, and `^` follows.
fn is_power(text: &[u8]) -> bool {
    let name = text.iter().take_while(|c| c.is_ascii_alphanumeric() || b"._".contains(c)).count();
    let mut end = name;
    if text.get(name) == Some(&b'(') {
        let mut open = 0_usize;
        let closes = text[name..].iter().position(|c| {
            match c {
                b'(' => open += 1,
                b')' => open -= 1,
                _ => {}
            }
            open == 0
        });
        end = closes.map_or(text.len(), |closes| name + closes + 1);
    }
    end > 0 && text.get(end) == Some(&b'^')
}

/// Functions and constants the language itself does not know.
fn name(name: &str, arguments: Vec<f64>) -> Option<f64> {
    Some(match (name, arguments.as_slice()) {
        ("pi" | "PI", []) => std::f64::consts::PI,
        ("e" | "E", []) => std::f64::consts::E,
        ("sqrt", [x]) => x.sqrt(),
        ("cbrt", [x]) => x.cbrt(),
        ("exp", [x]) => x.exp(),
        ("ln", [x]) => x.ln(),
        ("log2", [x]) => x.log2(),
        ("log10", [x]) => x.log10(),
        ("pow", [x, y]) => x.powf(*y),
        _ => return None,
    })
}

fn explain(error: &fasteval::Error) -> String {
    use fasteval::Error;
    match error {
        Error::Undefined(name) => {
            format!("There is no `{name}`, or it takes another number of arguments.")
        }
        Error::TooDeep | Error::TooLong => "The expression is too deeply nested.".to_owned(),
        Error::EOF | Error::EofWhileParsing(_) => "The expression ends too early.".to_owned(),
        Error::UnparsedTokensRemaining(rest) => {
            format!("The expression cannot be read from here on: `{rest}`.")
        }
        _ => "The expression cannot be read: it may have operators, numbers and parentheses only."
            .to_owned(),
    }
}

/// Fifteen digits, so that 0.1 + 0.2 is 0.3.
fn format(value: f64) -> String {
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    if rounded == 0.0 {
        return "0".to_owned();
    }
    if (1e-6..EXACT).contains(&rounded.abs()) {
        format!("{rounded}")
    } else {
        format!("{rounded:e}")
    }
}
