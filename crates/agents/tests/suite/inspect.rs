//! Looking at what instances have stored: everything can be read, and nothing can be changed.

use std::time::Duration;

use domovoi_agents::{
    inspect::{Change, QueryError, QueryLimits, QueryRows},
    prelude::*,
    testing::TestAgents,
};

/// Keeps notes in a table.
#[derive(Default)]
struct Notes;

#[agent(state = u32)]
impl Notes {
    #[callable]
    pub(crate) fn note(&self, cx: &Context<Self>, text: String) -> Result<()> {
        let sql = cx.sql();
        sql.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT)", ())?;
        sql.execute("INSERT INTO notes (text) VALUES (?1)", [text])?;
        Ok(cx.update_state(|count| *count += 1)?)
    }
}

fn start() -> TestAgents {
    TestAgents::new(|agents| agents.agent::<Notes>()).unwrap()
}

fn query(test: &TestAgents, name: &str, sql: &str) -> Result<QueryRows, QueryError> {
    test.agents().query_stored("notes", name, sql, QueryLimits::default())
}

fn text(rows: &QueryRows) -> Vec<Vec<&str>> {
    rows.rows
        .iter()
        .map(|row| row.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect())
        .collect()
}

#[tokio::test]
async fn what_is_stored_is_read_while_the_instance_works() {
    let test = start();
    let notes = test.get::<Notes>("a/b").unwrap();
    notes.note("milk".to_owned()).await.unwrap();
    notes.note("bread".to_owned()).await.unwrap();
    let rows = query(&test, "a/b", "SELECT id, text, NULL FROM notes ORDER BY id").unwrap();
    assert_eq!(rows.columns, ["id", "text", "NULL"]);
    assert_eq!(text(&rows), [["1", "milk", "NULL"], ["2", "bread", "NULL"]]);
    assert!(!rows.more);
    let columns = query(&test, "a/b", "SELECT name FROM pragma_table_info('notes')").unwrap();
    assert_eq!(text(&columns), [["id"], ["text"]]);
    // It goes on meanwhile.
    notes.note("salt".to_owned()).await.unwrap();
    assert_eq!(text(&query(&test, "a/b", "SELECT count(*) FROM notes").unwrap()), [["3"]]);
    assert_eq!(test.agents().agent_types(), ["notes"]);
}

#[tokio::test]
async fn nothing_is_written_and_no_other_file_is_reached() {
    let test = start();
    let notes = test.get::<Notes>("one").unwrap();
    notes.note("milk".to_owned()).await.unwrap();
    let folder = test.agents().config().data_dir.display().to_string();
    let elsewhere = [
        format!("ATTACH '{folder}/agents.sqlite3' AS other"),
        format!("VACUUM INTO '{folder}/copy.sqlite3'"),
    ];
    let refused = [
        "DELETE FROM notes",
        "INSERT INTO notes (text) VALUES ('x')",
        "UPDATE notes SET text = 'x' RETURNING text",
        "WITH x AS (SELECT 1) INSERT INTO notes (text) SELECT 'x'",
        "REPLACE INTO notes VALUES (1, 'x')",
        "DROP TABLE notes",
        "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t (a)",
        "CREATE VIRTUAL TABLE t USING fts5(a)",
        "ALTER TABLE notes ADD COLUMN b",
        "PRAGMA user_version = 7",
        "PRAGMA query_only = 0",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = 1",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "BEGIN IMMEDIATE",
        "COMMIT",
        "SAVEPOINT s",
        "VACUUM",
        "REINDEX",
        "ANALYZE",
        "DETACH main",
        "EXPLAIN DELETE FROM notes",
        "SELECT load_extension('x')",
        "SELECT 1; DELETE FROM notes",
    ];
    let elsewhere = elsewhere.iter().map(String::as_str);
    for sql in refused.into_iter().chain(elsewhere) {
        let error = query(&test, "one", sql).unwrap_err();
        assert!(
            matches!(error, QueryError::NotReadOnly | QueryError::Sqlite(_)),
            "{sql}: {error:?}"
        );
    }
    assert_eq!(text(&query(&test, "one", "SELECT text FROM notes").unwrap()), [["milk"]]);
    assert!(!test.agents().config().data_dir.join("copy.sqlite3").exists());
    for wrong in ["SELECT * FROM nothing", "SELEC 1", "SELECT readfile('/etc/passwd')"] {
        assert!(matches!(query(&test, "one", wrong), Err(QueryError::Sqlite(_))), "{wrong}");
    }
}

fn change(test: &TestAgents, sql: &str) -> Result<Change, QueryError> {
    test.agents().change_stored("notes", "one", sql, QueryLimits::default())
}

#[tokio::test]
async fn who_may_change_rows_changes_those_of_the_agent_and_nothing_else() {
    let test = start();
    assert_eq!(change(&test, "DELETE FROM notes").unwrap(), Change::default());
    let notes = test.get::<Notes>("one").unwrap();
    for text in ["milk", "bread", "salt"] {
        notes.note(text.to_owned()).await.unwrap();
    }
    let changed = |sql: &str| change(&test, sql).unwrap().changed;
    assert_eq!(changed("UPDATE notes SET text = upper(text) WHERE id > 1"), 2);
    assert_eq!(changed("DELETE FROM notes WHERE text = 'SALT'"), 1);
    assert_eq!(changed("SELECT * FROM notes"), 0);
    let told = change(&test, "INSERT INTO notes (text) VALUES ('tea') RETURNING text").unwrap();
    assert_eq!((told.changed, text(&told.rows)), (1, vec![vec!["tea"]]));
    // The instance is awake, and sees and does what it always does.
    notes.note("oil".to_owned()).await.unwrap();
    let all = query(&test, "one", "SELECT text FROM notes ORDER BY id").unwrap();
    assert_eq!(text(&all), [["milk"], ["BREAD"], ["tea"], ["oil"]]);

    let folder = test.agents().config().data_dir.display();
    let elsewhere = format!("ATTACH '{folder}/agents.sqlite3' AS other");
    for sql in [
        "UPDATE domovoi_state SET value = '7'",
        "DELETE FROM DOMOVOI_STATE",
        "DELETE FROM sqlite_schema",
        "DROP TABLE notes",
        "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t (a)",
        "CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM notes; END",
        "PRAGMA user_version = 7",
        "PRAGMA writable_schema = 1",
        "COMMIT",
        "ROLLBACK",
        "VACUUM",
        "SELECT load_extension('x')",
        "DELETE FROM notes; DELETE FROM notes",
        &elsewhere,
    ] {
        let error = change(&test, sql).unwrap_err();
        let is_refused = matches!(error, QueryError::NotOwnRows | QueryError::Sqlite(_));
        assert!(is_refused, "{sql}: {error:?}");
    }
    // What fails in the middle has changed nothing.
    let error = change(&test, "UPDATE notes SET id = 1").unwrap_err();
    assert!(matches!(error, QueryError::Sqlite(_)), "{error:?}");
    assert_eq!(query(&test, "one", "SELECT text FROM notes ORDER BY id").unwrap(), all);
}

#[tokio::test]
async fn a_query_has_limits() {
    let test = start();
    test.get::<Notes>("one").unwrap().note("milk".to_owned()).await.unwrap();
    let mut limits = QueryLimits::default();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT";
    let rows = query(&test, "one", &format!("{endless} i FROM n")).unwrap();
    assert!(rows.more);
    assert_eq!(rows.rows.len(), limits.rows);
    limits.time = Duration::from_millis(20);
    let sum = format!("{endless} sum(i) FROM n");
    let error = test.agents().query_stored("notes", "one", &sum, limits).unwrap_err();
    assert!(matches!(error, QueryError::TimedOut(_)), "{error:?}");
    assert!(query(&test, "one", "SELECT zeroblob(1000000000)").is_err());
    let long = query(&test, "one", "SELECT hex(zeroblob(10000))").unwrap();
    assert!(text(&long)[0][0].len() < 3000);
}

#[tokio::test]
async fn an_instance_that_has_stored_nothing_stays_away() {
    let test = start();
    assert_eq!(query(&test, "ghost", "SELECT 1").unwrap(), QueryRows::default());
    assert_eq!(test.agents().list("notes", None, 10).unwrap(), [""; 0]);
    for name in ["", ".."] {
        let found = query(&test, name, "SELECT 1");
        assert!(found.is_err() || found.unwrap() == QueryRows::default(), "{name}");
    }
    assert!(matches!(
        test.agents().query_stored("nobody", "x", "SELECT 1", QueryLimits::default()),
        Err(QueryError::Address(_))
    ));
    let client = test.connect("notes/one").await.unwrap();
    let connections = test.agents().connections_of("notes", "one").unwrap();
    assert_eq!(connections.iter().map(Connection::id).collect::<Vec<_>>(), [client.id()]);
}
