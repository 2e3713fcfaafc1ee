//! `#[callable]` on methods that clients cannot call.

#![allow(unused)]

use domovoi_agents::prelude::*;

struct Changing;

#[agent]
impl Changing {
    #[callable]
    fn change(&mut self, value: i64) {}
}

struct Borrowing;

#[agent]
impl Borrowing {
    #[callable]
    fn greet(&self, name: &str) -> String {
        format!("Hello, {name}")
    }
}

struct Lending;

#[agent]
impl Lending {
    #[callable]
    fn name(&self) -> &str {
        "name"
    }
}

struct Generic;

#[agent]
impl Generic {
    #[callable]
    fn show<T: ToString>(&self, value: T) -> String {
        value.to_string()
    }
}

struct Unreadable;

struct NoJson;

#[agent]
impl Unreadable {
    #[callable]
    fn take(&self, value: NoJson) {}
}

struct Outside;

impl Outside {
    #[callable]
    fn callable(&self) {}
}

fn main() {}
