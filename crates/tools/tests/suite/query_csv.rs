//! The tool `query_csv`.

use domovoi_protocol::{Part, Role, UiMessage};
use domovoi_tools::query_csv;
use serde_json::{Value, json};

use crate::support::{call, call_in};

const SALES: &str = "City,Units sold,price,Code\nOslo,3,1.5,007\nRome,4,2,010\nOslo,5,,\n";

async fn ask(csv: &str, sql: &str) -> Result<Value, String> {
    call(query_csv, json!({ "csv": csv, "sql": sql })).await
}

#[tokio::test]
async fn a_table_is_asked_by_sql() {
    let sql = "SELECT City, sum(\"Units sold\"), avg(price) FROM data GROUP BY City ORDER BY City";
    let answer = ask(SALES, sql).await.unwrap();
    assert_eq!(answer["rows"], json!([["Oslo", 8, 1.5], ["Rome", 4, 2.0]]));
    assert_eq!(answer["columns"][0], "City");
    let codes = ask(SALES, "SELECT Code FROM data").await.unwrap();
    assert_eq!(codes["rows"], json!([["007"], ["010"], [null]]));
}

#[tokio::test]
async fn separators_quotes_and_odd_headers_are_understood() {
    for csv in ["a;b\n1;\"x;y\"", "a\tb\n1\tx;y", "\u{feff}a|b\r\n1|x;y\r\n"] {
        let answer = ask(csv, "SELECT a, b FROM data").await.unwrap();
        assert_eq!(answer["rows"], json!([[1, "x;y"]]), "{csv}");
    }
    let answer = ask("a,A,,\"q\"\"q\"\n1,2,3,4\n", "SELECT * FROM data").await.unwrap();
    assert_eq!(answer["columns"], json!(["a", "A_2", "column_3", "q\"q"]));
    let huge = ask("n\n9223372036854775808\n1\n", "SELECT typeof(n) FROM data").await.unwrap();
    assert_eq!(huge["rows"][0], json!(["real"]));
}

#[tokio::test]
async fn a_file_of_the_conversation_is_found_by_its_name() {
    let file = |url: &str| Part::File {
        media_type: "text/csv".to_owned(),
        url: url.to_owned(),
        filename: Some("sales.csv".to_owned()),
    };
    let mut message = UiMessage::new("m", Role::User, "Here they are.");
    message.parts.extend([
        file("data:text/csv,n%0A1%0A"),
        // "náme\n2\n" as Windows writes it.
        file("data:text/csv;base64,buFtZQoyCg=="),
    ]);
    let arguments = json!({ "file": "Sales.csv", "sql": "SELECT * FROM data" });
    let answer = call_in(message.clone(), query_csv, arguments).await.unwrap();
    assert_eq!(answer, json!({ "columns": ["náme"], "rows": [[2]] }));
    let arguments = json!({ "file": "other.csv", "sql": "SELECT 1" });
    let error = call_in(message, query_csv, arguments).await.unwrap_err();
    assert!(error.contains("no file `other.csv`") && error.contains("`sales.csv`"), "{error}");
    let arguments = json!({ "file": "other.csv", "sql": "SELECT 1" });
    let error = call(query_csv, arguments).await.unwrap_err();
    assert!(error.contains("No file is attached"), "{error}");
}

#[tokio::test]
async fn a_query_reads_and_does_nothing_else() {
    for sql in [
        "DELETE FROM data",
        "DROP TABLE data",
        "CREATE TABLE x (y)",
        "PRAGMA table_info(data)",
        "ATTACH ':memory:' AS other",
        "VACUUM INTO '/tmp/copy'",
        "BEGIN",
        "EXPLAIN DELETE FROM data",
    ] {
        let error = ask(SALES, sql).await.unwrap_err();
        assert_eq!(error, "Only SELECT is allowed.", "{sql}");
    }
    let error = ask(SALES, "SELECT 1; SELECT 2").await.unwrap_err();
    assert!(error.contains("Only one statement"), "{error}");
    let error = ask(SALES, "SELECT load_extension('x')").await.unwrap_err();
    assert!(error.contains("not authorized"), "{error}");
}

#[tokio::test]
async fn wrong_queries_and_tables_are_told_with_what_would_be_right() {
    let error = ask(SALES, "SELECT town FROM data").await.unwrap_err();
    assert!(error.contains("no such column: town"), "{error}");
    assert!(error.contains("\"City\", \"Units sold\""), "{error}");
    let error = ask("", "SELECT 1").await.unwrap_err();
    assert!(error.contains("first line must name"), "{error}");
    let error = ask("a,b\n1,2\n1,2,3\n", "SELECT 1").await.unwrap_err();
    assert!(error.contains("Line 3") && error.contains("3 values"), "{error}");
    let error = ask("data:text/csv;base64,****", "SELECT 1").await.unwrap_err();
    assert!(error.contains("data URL is damaged"), "{error}");
    let error = call(query_csv, json!({ "sql": "SELECT 1" })).await.unwrap_err();
    assert!(error.contains("either `file` or `csv`"), "{error}");
}

#[tokio::test]
async fn what_would_take_for_ever_or_all_memory_is_cut_off() {
    let count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) ";
    let error = ask(SALES, &format!("{count} SELECT max(i) FROM n")).await.unwrap_err();
    assert!(error.contains("longer than 2 seconds"), "{error}");
    let error = ask(SALES, "SELECT hex(zeroblob(900000000))").await.unwrap_err();
    assert!(error.contains("too big"), "{error}");
    let answer = ask(SALES, &format!("{count} SELECT i FROM n LIMIT 100000")).await.unwrap();
    assert_eq!(answer["rows"].as_array().unwrap().len(), 200);
    assert!(answer["note"].as_str().unwrap().contains("more rows"), "{answer}");
    let error = ask(&"a".repeat(10_000_001), "SELECT 1").await.unwrap_err();
    assert!(error.contains("10 MB"), "{error}");
}
