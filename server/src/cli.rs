//! Commands and flags.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to a person")]

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};
use domovoi_models::weights::{self, Catalogue, WeightsChoice};

use crate::{
    Domovoi, ServeError,
    config::{Config, Overrides},
    logging,
    model::ProgressLine,
    people::{self, TokenArgs, UserArgs},
    request_log::{self, LogArgs},
    serve,
    telemetry::Telemetry,
    upkeep::{Backup, Restore, doctor},
};

/// Stateful AI agents on your own machine.
///
/// Without a command it serves, as `domovoi serve` does.
#[derive(Parser)]
#[command(name = "domovoi", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the chat application and all agents.
    Serve {
        #[command(flatten)]
        args: ServeArgs,
        /// Where nobody has an account: print a code with which the owner makes theirs in the browser
        #[arg(long)]
        setup: bool,
    },
    /// Weights of the embedded model.
    #[command(subcommand)]
    Model(ModelCommand),
    /// What models were asked, and what it cost.
    Log(LogArgs),
    /// Who may sign in.
    User(UserArgs),
    /// What programs may use the API with.
    Token(TokenArgs),
    Backup(Backup),
    Restore(Restore),
    /// Look for what may be wrong, and say what to do about it.
    Doctor(ServeArgs),
    /// Print the version.
    Version,
    /// Run the embedded model for the server; not for people.
    #[command(hide = true)]
    ModelWorker,
}

#[derive(clap::Args, Default)]
struct ServeArgs {
    /// Address to listen on [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Folder for everything that is kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Configuration file [default: domovoi.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl From<ServeArgs> for Overrides {
    fn from(ServeArgs { listen, data_dir, config }: ServeArgs) -> Self {
        Self { config, listen, data_dir }
    }
}

#[derive(Subcommand)]
enum ModelCommand {
    /// List the weights that can be fetched.
    List,
    /// Fetch weights, so that the first start needs no network.
    Fetch {
        /// An id of `domovoi model list`
        #[arg(default_value = "auto")]
        id: String,
        /// Folder to put them in [default: the data folder]
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
}

pub(crate) fn run(domovoi: Domovoi) -> ExitCode {
    let serve = Command::Serve { args: ServeArgs::default(), setup: false };
    let result = match Cli::parse().command.unwrap_or(serve) {
        Command::Serve { args, setup } => start(domovoi, args, setup),
        Command::Model(ModelCommand::List) => {
            list();
            Ok(())
        }
        Command::Model(ModelCommand::Fetch { id, to }) => fetch(&id, to),
        Command::Log(args) => {
            request_log::run(&args).map_err(|error| -> Box<dyn std::error::Error> { error })
        }
        Command::User(args) => people::run_command(args),
        Command::Token(args) => people::run_token_command(args),
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::Doctor(args) => match examine(args) {
            Ok(true) => Ok(()),
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
        Command::Version => {
            println!("domovoi {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        Command::ModelWorker => return model_worker(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("domovoi: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(domovoi: Domovoi, args: ServeArgs, setup: bool) -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::load(&args.into()).map_err(ServeError::from)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let telemetry = Telemetry::start(&config.telemetry, runtime.handle())?;
    logging::start(&config.log, telemetry.as_ref())?;
    let result = runtime.block_on(serve::run(domovoi, config, setup));
    if let Some(telemetry) = telemetry {
        telemetry.end();
    }
    // Work that cannot be cut off, such as a look-up of a name, does not hold the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result?;
    Ok(())
}

/// Whether everything is in order.
fn examine(args: ServeArgs) -> Result<bool, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(doctor(&args.into())))
}

fn list() {
    for entry in Catalogue::builtin().entries() {
        let megabytes = entry.bytes / 1_000_000;
        println!("{:20} {:24} {megabytes:5} MB  {}", entry.id, entry.name, entry.licence);
    }
}

fn fetch(id: &str, to: Option<PathBuf>) -> Result<(), Box<dyn std::error::Error>> {
    let choice: WeightsChoice = id.parse()?;
    let folder = match to {
        Some(folder) => folder,
        None => Config::load(&Overrides::default())?.data_dir,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut line = ProgressLine::new();
    let weights = runtime.block_on(weights::fetch(&choice, &folder, |progress| {
        line.show(
            &progress.name,
            progress.received_bytes,
            progress.total_bytes,
            progress.seconds_left,
        );
    }));
    line.end();
    let weights = weights?;
    println!("{} is at {}", weights.name, absolute(&weights.path).display());
    Ok(())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(feature = "embedded-model")]
fn model_worker() -> ExitCode {
    domovoi_models::worker::run()
}

#[cfg(not(feature = "embedded-model"))]
fn model_worker() -> ExitCode {
    eprintln!("domovoi: this build has no embedded model");
    ExitCode::FAILURE
}
