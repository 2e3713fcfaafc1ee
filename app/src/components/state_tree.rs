//! A value as a tree that folds.

use leptos::prelude::*;
use serde_json::Value;

use super::work::{CODE_CLASS, fold, line};
use crate::language::t;

/// Levels that are unfolded at first.
const OPEN_LEVELS: usize = 2;
/// Most entries of a list or an object that are drawn.
const MOST: usize = 200;
/// What is below something.
const FOLD_CLASS: &str = "border-l border-line pl-3";

/// A value: what is simple in one line, lists and objects as folds. `key` is what it is called.
#[must_use]
pub fn state_tree(key: &str, value: &Value, level: usize) -> AnyView {
    let entries: Vec<(String, &Value)> = match value {
        Value::Array(list) => {
            list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
        simple => return line(CODE_CLASS, format!("{key}: {simple}")),
    };
    let count = entries.len();
    let shown = entries.iter().take(MOST);
    let mut children: Vec<AnyView> =
        shown.map(|(key, value)| state_tree(key, value, level + 1)).collect();
    if count > MOST {
        children.push(line(CODE_CLASS, t().count_more(count - MOST)));
    }
    fold(
        FOLD_CLASS,
        "",
        level < OPEN_LEVELS,
        line(CODE_CLASS, format!("{key} ({count})")),
        children,
    )
}
