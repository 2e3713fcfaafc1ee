//! Each instance's own SQL database: tables, queries into structs, a transaction.

use axum::{
    Json,
    extract::{Query, Request},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domovoi_agents::{prelude::*, rusqlite};

#[derive(Serialize, Deserialize)]
struct User {
    id: String,
    name: String,
    email: Option<String>,
    coins: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    user_id: String,
}

#[derive(Default)]
struct Users;

#[agent]
impl Users {
    async fn on_start(&self, cx: &Context<Self>) -> Result<()> {
        sql!(
            cx,
            "CREATE TABLE IF NOT EXISTS users (
               id TEXT PRIMARY KEY,
               name TEXT NOT NULL,
               email TEXT UNIQUE,
               coins INTEGER NOT NULL DEFAULT 10 CHECK (coins >= 0)
             )"
        )?;
        Ok(())
    }

    #[callable]
    fn create(
        &self,
        cx: &Context<Self>,
        id: String,
        name: String,
        email: Option<String>,
    ) -> Result<()> {
        sql!(cx, "INSERT INTO users (id, name, email) VALUES ({id}, {name}, {email})")?;
        Ok(())
    }

    /// The user with this id.
    #[callable]
    fn find(&self, cx: &Context<Self>, id: String) -> Result<Option<User>, AgentError> {
        cx.sql().query_optional("SELECT * FROM users WHERE id = ?1", [id])
    }

    /// Everybody in whose name or address this is.
    #[callable]
    fn search(&self, cx: &Context<Self>, term: String) -> Result<Vec<User>, AgentError> {
        let pattern = format!("%{term}%");
        sql!(
            cx,
            "SELECT * FROM users WHERE name LIKE {pattern} OR email LIKE {pattern} ORDER BY id"
        )
    }

    /// How many there are, and how many coins they have.
    #[callable]
    fn count(&self, cx: &Context<Self>) -> Result<(u64, i64), AgentError> {
        cx.sql().query_one("SELECT count(*), coalesce(sum(coins), 0) FROM users", [])
    }

    /// Either both of them change, or neither.
    #[callable]
    fn pay(&self, cx: &Context<Self>, from: String, to: String, coins: i64) -> Result<()> {
        let change = "UPDATE users SET coins = coins + ?2 WHERE id = ?1";
        cx.sql().transaction(|transaction| {
            let given = transaction.execute(change, rusqlite::params![from, -coins])?;
            let taken = transaction.execute(change, rusqlite::params![to, coins])?;
            match (given, taken) {
                (1, 1) => Ok(()),
                _ => Err(AgentError::Handler("no such user".into())),
            }
        })?;
        Ok(())
    }

    /// `GET /agents/users/{name}?userId=ada`
    async fn on_request(&self, cx: &Context<Self>, request: Request) -> Result<Response> {
        let wanted = match Query::<Wanted>::try_from_uri(request.uri()) {
            Ok(Query(wanted)) => wanted,
            Err(rejection) => return Ok(rejection.into_response()),
        };
        Ok(match self.find(cx, wanted.user_id)? {
            Some(user) => Json(user).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        })
    }
}

fn main() -> std::process::ExitCode {
    domovoi::Domovoi::new().agent::<Users>().run()
}
