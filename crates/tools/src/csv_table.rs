//! Comma-separated values as a table `data` in a database in memory.

use csv::{ReaderBuilder, StringRecord};
use rusqlite::{Connection, ToSql, params_from_iter, types::Value};

/// Most columns.
const MAX_COLUMNS: usize = 500;
/// Most rows.
const MAX_ROWS: usize = 500_000;

/// What the values of a column are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Integer,
    Real,
    Text,
}

/// Fills a new database with the values, whose first row names the columns. Answers it and the names.
pub(crate) fn load(text: &str) -> Result<(Connection, Vec<String>), String> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes());
    let wrong = |error: csv::Error| format!("The CSV cannot be read: {error}.");
    let header = reader.headers().map_err(wrong)?.clone();
    let names = names(&header);
    if names.is_empty() {
        return Err("The CSV is empty: its first line must name the columns.".to_owned());
    }
    if names.len() > MAX_COLUMNS {
        return Err(format!("The CSV has more than {MAX_COLUMNS} columns."));
    }
    let mut records = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        if record.len() > names.len() {
            let line = record.position().map_or(0, csv::Position::line);
            let (found, expected) = (record.len(), names.len());
            return Err(format!(
                "Line {line} of the CSV has {found} values, but there are {expected} columns."
            ));
        }
        if records.len() == MAX_ROWS {
            return Err(format!("The CSV has more than {MAX_ROWS} rows."));
        }
        records.push(record);
    }
    let kinds: Vec<Kind> = (0..names.len()).map(|column| kind(&records, column)).collect();
    let db = fill(&names, &kinds, &records)
        .map_err(|error| format!("The CSV does not fit into a table: {error}."))?;
    Ok((db, names))
}

fn fill(
    names: &[String],
    kinds: &[Kind],
    records: &[StringRecord],
) -> rusqlite::Result<Connection> {
    let mut db = Connection::open_in_memory()?;
    let columns: Vec<_> = names.iter().zip(kinds).map(|(name, kind)| column(name, *kind)).collect();
    db.execute_batch(&format!("CREATE TABLE data ({})", columns.join(", ")))?;
    let marks = vec!["?"; names.len()].join(", ");
    let transaction = db.transaction()?;
    let mut insert = transaction.prepare(&format!("INSERT INTO data VALUES ({marks})"))?;
    for record in records {
        let values = kinds.iter().enumerate().map(|(i, kind)| value(record.get(i), *kind));
        insert.execute(params_from_iter(values))?;
    }
    drop(insert);
    transaction.commit()?;
    Ok(db)
}

/// The separator: the one of which the first line has most.
fn delimiter(text: &str) -> u8 {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: &u8| line.bytes().filter(|byte| byte == separator).count();
    // Of equals the last wins.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

/// A name for each column: no two alike, none empty.
fn names(header: &StringRecord) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(header.len());
    for (index, name) in header.iter().enumerate() {
        let name: String = name.chars().filter(|c| !c.is_control() && *c != '\u{feff}').collect();
        let base = if name.is_empty() { format!("column_{}", index + 1) } else { name };
        let taken = |name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
        let mut name = base.clone();
        let mut count = 1;
        while taken(&name) {
            count += 1;
            name = format!("{base}_{count}");
        }
        names.push(name);
    }
    names
}

fn column(name: &str, kind: Kind) -> String {
    let kind = match kind {
        Kind::Integer => "INTEGER",
        Kind::Real => "REAL",
        Kind::Text => "TEXT",
    };
    format!("\"{}\" {kind}", name.replace('"', "\"\""))
}

fn kind(records: &[StringRecord], column: usize) -> Kind {
    let values = records.iter().filter_map(|record| record.get(column));
    values
        .map(str::trim)
        .filter(|value| !value.is_empty())
        .try_fold(None, |widest: Option<Kind>, value| {
            let kind = widest.max(Some(kind_of(value)));
            // Nothing is wider than text.
            if kind == Some(Kind::Text) { Err(Kind::Text) } else { Ok(kind) }
        })
        .map_or_else(|kind| kind, |kind| kind.unwrap_or(Kind::Text))
}

fn kind_of(value: &str) -> Kind {
    let digits = value.strip_prefix('-').unwrap_or(value);
    // `007` and `+49` are names, whatever they look like.
    let is_name = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if is_name || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Kind::Text;
    }
    if value.parse::<i64>().is_ok() {
        return Kind::Integer;
    }
    if value.parse::<f64>().is_ok_and(f64::is_finite) { Kind::Real } else { Kind::Text }
}

fn value(text: Option<&str>, kind: Kind) -> impl ToSql {
    let text = text.unwrap_or_default();
    if text.trim().is_empty() {
        return Value::Null;
    }
    let as_text = || Value::Text(text.to_owned());
    match kind {
        Kind::Integer => text.trim().parse().map_or_else(|_| as_text(), Value::Integer),
        Kind::Real => text.trim().parse().map_or_else(|_| as_text(), Value::Real),
        Kind::Text => as_text(),
    }
}
