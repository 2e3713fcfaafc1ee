//! `sql!`: values are bound and never pasted in.

#![allow(unused)]

use domovoi_agents::prelude::*;

struct Name(String);

fn statements<A: Agent>(cx: &Context<A>, name: &str, other: Name) -> Result<()> {
    let statement = format!("DELETE FROM users WHERE name = '{name}'");
    sql!(cx, statement)?;
    sql!(cx, format!("DELETE FROM users WHERE name = '{name}'"))?;
    sql!(cx, "DELETE FROM users WHERE name LIKE '%{name}%'")?;
    sql!(cx, "DELETE FROM users WHERE name = {name +}")?;
    sql!(cx, "DELETE FROM users WHERE name = {other}")?;
    Ok(())
}

fn main() {}
