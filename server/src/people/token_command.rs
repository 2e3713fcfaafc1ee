//! `domovoi token`: API tokens from the command line; also while a server is running.
#![allow(clippy::print_stdout, reason = "a command line talks to a person")]

use std::{error::Error, path::PathBuf};

use clap::{Args, Subcommand};

use super::{By, People, Scope, now};
use crate::config::{Config, Overrides};

const DAY: i64 = 24 * 60 * 60 * 1000;

#[derive(Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
    /// Folder of everything that is kept
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Configuration file [default: domovoi.toml, where there is one]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token for a program and print it; it is shown this once.
    Create {
        /// What it is for
        name: String,
        /// Whose requests they are; needed once somebody has an account
        #[arg(long)]
        person: Option<String>,
        /// What it is good for; several with commas between
        #[arg(long, value_enum, value_delimiter = ',', default_value = "models")]
        scope: Vec<Scope>,
        /// How many days it is good for [default: until it is revoked]
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
    },
    /// Say which tokens there are.
    List,
    /// End a token at once.
    Revoke {
        /// Which
        name: String,
    },
}

pub(crate) fn run(args: TokenArgs) -> Result<(), Box<dyn Error>> {
    let TokenArgs { command, data_dir, config } = args;
    let data_dir = Config::load(&Overrides { config, data_dir, listen: None })?.data_dir;
    let people = People::open(&data_dir)?;
    let by = By::command_line();
    match command {
        TokenCommand::Create { name, person, scope, days } => {
            let person = person.map(|name| people.called(&name)).transpose()?;
            if person.is_none() && people.has_accounts()? {
                return Err("people have accounts here: say whose it is with --person NAME".into());
            }
            let expires_at = days.map(|days| now() + i64::from(days) * DAY);
            let token = people.add_token(&by, &name, person.as_ref(), &scope, expires_at, now())?;
            println!("{token}");
        }
        TokenCommand::List => {
            for token in people.tokens()? {
                let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.name()).collect();
                let day = |time: Option<i64>| -> Result<String, jiff::Error> {
                    let Some(time) = time else { return Ok("never".to_owned()) };
                    let time = jiff::Timestamp::from_millisecond(time)?;
                    Ok(time.strftime("%Y-%m-%d").to_string())
                };
                println!(
                    "{}  {}  {}  made {}, ends {}, used {}",
                    token.name,
                    token.person.as_deref().unwrap_or("-"),
                    scopes.join(","),
                    day(Some(token.created_at))?,
                    day(token.expires_at)?,
                    day(token.used_at)?,
                );
            }
        }
        TokenCommand::Revoke { name } => {
            people.revoke_token(&by, &name)?;
            println!("`{name}` is good for nothing any more");
        }
    }
    Ok(())
}
