//! `domovoi log`: what models were asked, for people; also while a server is running.
#![allow(clippy::print_stdout, reason = "a command line talks to a person")]

use std::{error::Error, path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use domovoi_agents::gateway::SqliteGatewayStore;
use domovoi_models::gateway::{Gateway, Keep, LogEntry, LogFilter, Outcome, Period, Rating};

use crate::{
    config::{Config, Overrides},
    people::{People, PeopleError},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Args)]
pub(crate) struct LogArgs {
    #[command(subcommand)]
    command: Option<LogCommand>,
    /// Folder the log is in
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Only requests of this person
    #[arg(long)]
    user: Option<String>,
    /// Only requests of this agent
    #[arg(long)]
    agent: Option<String>,
    /// Only requests by this route
    #[arg(long)]
    route: Option<String>,
    /// Only requests this model answered, or was asked last
    #[arg(long)]
    model: Option<String>,
    /// Only requests that ended so: answered, cached, stopped, failed, refused, interrupted
    #[arg(long, value_parser = outcome)]
    outcome: Option<Outcome>,
    /// Only the newest
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum LogCommand {
    /// Forget old requests; those that limits are counted with stay: of today, or of this month.
    Prune {
        /// Forget what is older than so many days
        #[arg(long)]
        days: Option<u32>,
        /// Keep only so many requests, the newest
        #[arg(long)]
        requests: Option<u64>,
    },
}

fn outcome(name: &str) -> Result<Outcome, String> {
    Outcome::from_name(name).ok_or_else(|| {
        let known: Vec<_> = Outcome::ALL.iter().map(|(_, name)| *name).collect();
        format!("one of {}", known.join(", "))
    })
}

pub(crate) fn run(args: &LogArgs) -> Result<(), Box<dyn Error + Send + Sync>> {
    let overrides = Overrides { data_dir: args.data_dir.clone(), ..Overrides::default() };
    let config = Config::load(&overrides)?;
    let path = config.data_dir.join(SqliteGatewayStore::FILE);
    if !path.exists() {
        println!("No model was asked yet: there is no {}", path.display());
        return Ok(());
    }
    let store = SqliteGatewayStore::attach(&path)?;
    let gateway = Gateway::builder().store(std::sync::Arc::new(store)).build();
    if let Some(LogCommand::Prune { days, requests }) = args.command {
        let max_age = days.map(|days| DAY * days);
        let whole_month = counts_months(&config)?;
        let gone = gateway.prune(&Keep { max_age, max_entries: requests, whole_month })?;
        println!("{gone} requests are forgotten");
        return Ok(());
    }
    let entries = gateway.log(&LogFilter {
        user: args.user.clone(),
        agent: args.agent.clone(),
        route: args.route.clone(),
        model: args.model.clone(),
        outcome: args.outcome,
        limit: Some(args.limit),
        ..LogFilter::default()
    })?;
    for entry in entries.iter().rev() {
        match args.json {
            true => println!("{}", serde_json::to_string(entry)?),
            false => println!("{}", line(entry)),
        }
    }
    Ok(())
}

/// Whether requests of this month are still counted for somebody's limit.
fn counts_months(config: &Config) -> Result<bool, PeopleError> {
    if config.limits.counts(Period::Month) {
        return Ok(true);
    }
    if !config.data_dir.join(People::FILE).exists() {
        return Ok(false);
    }
    let own = People::open(&config.data_dir)?.quotas()?;
    Ok(own.values().any(|limit| limit.counts(Period::Month)))
}

fn line(entry: &LogEntry) -> String {
    let nobody = String::new();
    let seconds = |milliseconds: Option<u64>| match milliseconds {
        Some(milliseconds) => format!("{:.1} s", Duration::from_millis(milliseconds).as_secs_f32()),
        None => "-".to_owned(),
    };
    let guessed = if entry.estimated { "~" } else { "" };
    let thumbs: String = entry
        .feedback
        .iter()
        .map(|feedback| match feedback.rating {
            Rating::Up => " 👍",
            Rating::Down => " 👎",
        })
        .collect();
    let error = entry.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
    format!(
        "{:>6} {} {:10} {:28} {:>9} + {:<9} {:>9.4} {:>7} / {:<8} {}{error} {} {}{thumbs}",
        entry.id,
        time(entry.started_at),
        entry.route,
        entry.model.as_ref().unwrap_or(&nobody),
        format!("{guessed}{}", entry.input_tokens),
        format!("{guessed}{}", entry.output_tokens),
        entry.cost,
        seconds(entry.first_token_ms),
        seconds(entry.total_ms),
        entry.outcome.name(),
        entry.user.as_ref().unwrap_or(&nobody),
        entry.agent.as_ref().unwrap_or(&nobody),
    )
    .trim_end()
    .to_owned()
}

/// A time in UTC, as days are counted.
pub(crate) fn time(milliseconds: i64) -> String {
    match jiff::Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => milliseconds.to_string(),
    }
}
