//! `domovoi user`: accounts from the command line; also while a server is running.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to a person")]

use std::{
    error::Error,
    io::{self, BufRead, IsTerminal},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use domovoi_models::gateway::Limit;

use super::{By, Name, Password, People, PeopleError, Role};
use crate::{
    config::{Config, Overrides},
    homes,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Args)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
    /// Folder of everything that is kept
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Configuration file [default: domovoi.toml, where there is one]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Let somebody sign in. The first is the owner, and has what the data folder has so far.
    Add {
        /// What they are called
        name: String,
        /// owner, admin or member [default: owner for the first, then member]
        #[arg(long)]
        role: Option<String>,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Say who may sign in.
    List,
    /// Let somebody sign in no more. What they kept stays in the data folder for a while.
    Remove {
        /// Whom
        name: String,
    },
    /// Delete for good what somebody kept who was removed.
    Purge {
        /// Whom
        name: String,
    },
    /// Say what somebody may use of models, in place of what everybody may.
    Quota {
        /// Whom
        name: String,
        #[command(flatten)]
        quota: QuotaArgs,
    },
    /// Give somebody another password, and sign them out everywhere.
    Password {
        /// Whom
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Give somebody another role.
    Role {
        /// Whom
        name: String,
        /// admin or member
        role: String,
    },
}

#[derive(Args)]
struct PasswordArgs {
    /// Make a password and print it, instead of asking for one
    #[arg(long)]
    generate: bool,
}

/// An option that is left out is no limit; without any the limits are those of everybody.
#[derive(Args)]
struct QuotaArgs {
    #[arg(long)]
    requests_per_day: Option<u64>,
    #[arg(long)]
    tokens_per_day: Option<u64>,
    #[arg(long)]
    money_per_day: Option<f64>,
    #[arg(long)]
    requests_per_month: Option<u64>,
    #[arg(long)]
    tokens_per_month: Option<u64>,
    #[arg(long)]
    money_per_month: Option<f64>,
    /// None at all
    #[arg(long)]
    unlimited: bool,
}

impl QuotaArgs {
    fn limit(&self) -> Option<Limit> {
        let limit = Limit {
            requests_per_day: self.requests_per_day,
            tokens_per_day: self.tokens_per_day,
            money_per_day: self.money_per_day,
            requests_per_month: self.requests_per_month,
            tokens_per_month: self.tokens_per_month,
            money_per_month: self.money_per_month,
        };
        (self.unlimited || limit != Limit::default()).then_some(limit)
    }
}

pub(crate) fn run(args: UserArgs) -> Result<()> {
    let UserArgs { command, data_dir, config } = args;
    let config = Config::load(&Overrides { config, data_dir, listen: None })?;
    let data_dir = config.data_dir.clone();
    let people = People::open(&data_dir)?;
    let by = By::command_line();
    match command {
        UserCommand::Add { name, role, password } => {
            let name = Name::new(&name)?;
            let role = match role {
                Some(role) => Role::from_name(&role)?,
                None if people.has_accounts()? => Role::Member,
                None => Role::Owner,
            };
            // Before anybody types a password for nothing.
            match people.called(name.as_str()) {
                Err(PeopleError::Nobody(_)) => {}
                Ok(_) => return Err(PeopleError::NameTaken(name.as_str().to_owned()).into()),
                Err(error) => return Err(error.into()),
            }
            let password = password.get(name.as_str())?;
            let added = people.add(&by, &name, role, &password)?;
            println!("{} can sign in as {}", added.name, added.role.name());
        }
        UserCommand::List => list(&people)?,
        UserCommand::Remove { name } => {
            let removed = people.remove(&by, &people.called(&name)?.id)?;
            println!("{} can sign in no more", removed.name);
            tell_folder(
                &homes::folder_of(&data_dir, &removed),
                &removed.name,
                config.keep_removed_days,
            );
        }
        UserCommand::Purge { name } => {
            let removed = people.removed()?;
            let removed = removed.iter().rev().find(|it| Name::key(&it.name) == Name::key(&name));
            let removed = removed.ok_or(
                "nobody of that name was removed, or nothing of theirs is left: `domovoi user list`",
            )?;
            homes::purge(&config, removed)?;
            people.purged(&by, removed)?;
            println!("nothing is left of what {} kept", removed.name);
        }
        UserCommand::Quota { name, quota } => {
            let person = people.called(&name)?;
            let limit = quota.limit();
            people.set_quota(&by, &person.id, limit.as_ref())?;
            let what =
                if limit.is_some() { "limits of their own" } else { "the limits of everybody" };
            println!("{} has {what}", person.name);
        }
        UserCommand::Password { name, password } => {
            let person = people.called(&name)?;
            let password = password.get(&person.name)?;
            people.set_password(&by, &person.id, &password, None)?;
            println!("{} has another password, and is signed out everywhere", person.name);
        }
        UserCommand::Role { name, role } => {
            let (person, role) = (people.called(&name)?, Role::from_name(&role)?);
            people.set_role(&by, &person.id, role)?;
            println!("{} is {}", person.name, role.name());
        }
    }
    Ok(())
}

fn list(people: &People) -> Result<()> {
    let everybody = people.everybody()?;
    if everybody.is_empty() {
        println!("nobody has an account: add the owner with `domovoi user add NAME`");
    }
    for person in everybody {
        let since = jiff::Timestamp::from_millisecond(person.created_at)?;
        println!("{:8} {}  {}", person.role.name(), since.strftime("%Y-%m-%d"), person.name);
    }
    for removed in people.removed()? {
        let since = jiff::Timestamp::from_millisecond(removed.removed_at)?;
        println!("removed  {}  {}", since.strftime("%Y-%m-%d"), removed.name);
    }
    Ok(())
}

fn tell_folder(folder: &Path, name: &str, days: u32) {
    if folder.exists() {
        println!(
            "what they kept is still in {} for {days} days, or until `domovoi user purge {name}`",
            folder.display()
        );
    }
}

impl PasswordArgs {
    /// Asks at a terminal, reads a line elsewhere, or makes one and prints it.
    fn get(&self, name: &str) -> Result<Password> {
        if self.generate {
            let text = Password::generate()?;
            let password = Password::new(&text, name)?;
            println!("password: {text}");
            return Ok(password);
        }
        let text = if io::stdin().is_terminal() {
            let text = rpassword::prompt_password(format!("Password for {name}: "))?;
            if rpassword::prompt_password("Once more: ")? != text {
                return Err("the two passwords differ".into());
            }
            text
        } else {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line)?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        };
        Ok(Password::new(&text, name)?)
    }
}
