//! The tools `calculator` and `time`.

use domovoi_tools::{calculator, time};
use serde_json::{Value, json};

use crate::support::call;

async fn work_out(expression: &str) -> Result<String, String> {
    let answer = call(calculator, json!({ "expression": expression })).await?;
    Ok(answer.as_str().unwrap().to_owned())
}

#[tokio::test]
async fn expressions_have_the_value_that_people_expect() {
    for (expression, expected) in [
        ("0.1 + 0.2", "0.3"),
        ("2 + 2 * 3", "8"),
        ("(17.5 + 3) * 2^10", "20992"),
        ("2**10", "1024"),
        ("6 × 7 ÷ 2", "21"),
        ("17 % 5", "2"),
        ("2^3^2", "512"),
        ("2^-1", "0.5"),
        ("-(3^2)", "-9"),
        ("(-3)^2", "9"),
        ("3 - -2", "5"),
        ("sqrt(16) + min(1, 2, 3)", "5"),
        ("ln(e) + log(100) + log2(8)", "6"),
        ("sin(pi / 6)", "0.5"),
        ("1 / 3", "0.333333333333333"),
        ("1e-30 * 3", "3e-30"),
        ("10^20", "1e20"),
        ("3 > 2", "1"),
    ] {
        assert_eq!(work_out(expression).await.as_deref(), Ok(expected), "{expression}");
    }
}

#[tokio::test]
async fn what_cannot_be_worked_out_is_told_in_words() {
    let (open, close) = ("(".repeat(400), ")".repeat(400));
    for (expression, expected) in [
        ("1 / 0", "no number"),
        ("sqrt(-1)", "no number"),
        ("9^9^9^9", "no number"),
        ("2 *", "ends too early"),
        ("", "ends too early"),
        ("(1", "ends too early"),
        ("1 + 2)", "`)`"),
        ("12,345", "`,345`"),
        ("foo(1)", "no `foo`"),
        ("x + 1", "no `x`"),
        ("-3^2", "ambiguous"),
        ("2 / - sqrt(4) ^ 2", "ambiguous"),
        ("print(\"x\", 1)", "no meaning"),
        ("1\u{e9}", "no meaning"),
        (&format!("{open}1{close}"), "nested"),
        (&"-".repeat(900), "nested"),
        (&"1+".repeat(600), "longer than 1000"),
    ] {
        let error = work_out(expression).await.unwrap_err();
        assert!(error.contains(expected), "{expression}: {error}");
    }
}

#[tokio::test]
async fn a_chain_as_long_as_is_allowed_is_worked_out() {
    assert_eq!(work_out(&format!("{}1", "1+".repeat(499))).await.as_deref(), Ok("500"));
    assert_eq!(work_out(&format!("{}1", "1^".repeat(499))).await.as_deref(), Ok("1"));
}

#[tokio::test]
async fn time_is_told_in_the_zone_that_is_asked_for() {
    let seconds = |now: &Value| now["unixSeconds"].as_i64().unwrap();
    let local = call(time, json!({})).await.unwrap();
    let tokyo = call(time, json!({ "zone": "Asia/Tokyo" })).await.unwrap();
    let utc = call(time, json!({ "zone": " UTC " })).await.unwrap();
    assert!(seconds(&local) <= seconds(&tokyo) && seconds(&tokyo) <= seconds(&utc));
    assert_eq!(tokyo["zone"], "Asia/Tokyo");
    assert!(tokyo["dateTime"].as_str().unwrap().ends_with("+09:00"), "{tokyo}");
    let date: jiff::Timestamp = tokyo["dateTime"].as_str().unwrap().parse().unwrap();
    assert_eq!(date.as_second(), seconds(&tokyo));
    assert!(tokyo["weekday"].as_str().unwrap().ends_with("day"), "{tokyo}");
    let error = call(time, json!({ "zone": "Mars/Base" })).await.unwrap_err();
    assert!(error.contains("`Mars/Base` is no time zone"), "{error}");
}
