//! `domovoi backup` and `domovoi restore`.

use std::path::{Path, PathBuf};

use domovoi_agents::backup::{self, BackupError, Existing, Summary};

use crate::config::{Config, Overrides};

/// Write everything that is kept into one file; the server may run.
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// The file to write [default: domovoi-TIME.zip in the current folder]
    file: Option<PathBuf>,
    #[command(flatten)]
    folder: Folder,
}

/// Put a backup back; the server must not run.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The file that `domovoi backup` wrote
    file: PathBuf,
    /// Set aside what the data folder has now, in `set-aside` below it
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Which data folder.
#[derive(Debug, clap::Args)]
struct Folder {
    /// Folder of everything that is kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Configuration file [default: domovoi.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Folder {
    fn find(self) -> Result<PathBuf, crate::config::ConfigError> {
        let Self { data_dir, config } = self;
        Ok(Config::load(&Overrides { config, data_dir, listen: None })?.data_dir)
    }
}

impl Backup {
    pub(crate) fn run(self) -> Result<(), Box<dyn std::error::Error>> {
        let data_dir = self.folder.find()?;
        if !data_dir.is_dir() {
            return Err(format!("there is no data folder at {}", data_dir.display()).into());
        }
        let file = self.file.unwrap_or_else(|| PathBuf::from(name_of_now("domovoi")));
        let summary = backup::create(&data_dir, &file)?;
        println!("{} has {}", file.display(), in_words(&summary));
        tell_damaged(&summary, &data_dir);
        Ok(())
    }
}

impl Restore {
    pub(crate) fn run(self) -> Result<(), Box<dyn std::error::Error>> {
        let data_dir = self.folder.find()?;
        let existing = if self.replace { Existing::SetAside } else { Existing::Refuse };
        let restored = backup::restore(&self.file, &data_dir, existing);
        let summary = restored.map_err(|error| match error {
            BackupError::NotEmpty(_) => {
                format!("{error}: --data-dir DIR, or --replace to set aside what is there").into()
            }
            error => Box::<dyn std::error::Error>::from(error),
        })?;
        println!("{} has {}", data_dir.display(), in_words(&summary));
        tell_damaged(&summary, &data_dir);
        Ok(())
    }
}

/// A file name with the time in it.
pub(super) fn name_of_now(what: &str) -> String {
    format!("{what}-{}.zip", jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ"))
}

fn in_words(summary: &Summary) -> String {
    let megabytes = summary.bytes as f64 / 1e6;
    format!("{} files, {megabytes:.1} MB before compression", summary.files)
}

fn tell_damaged(summary: &Summary, data_dir: &Path) {
    for file in &summary.damaged {
        println!("damaged, kept as it was: {}", data_dir.join(file).display());
    }
}
