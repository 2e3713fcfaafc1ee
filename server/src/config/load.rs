//! Where a configuration comes from: file, variables, flags.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::{Config, ConfigError};

/// What flags say; each goes before the file and the variables.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<SocketAddr>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
}

impl Config {
    /// Reads the configuration: `--config`, else `DOMOVOI_CONFIG`, else `domovoi.toml` in the
    /// current folder where there is one; then variables; then flags.
    ///
    /// # Errors
    /// [`ConfigError`] names the file and line, or the variable.
    pub fn load(overrides: &Overrides) -> Result<Self, ConfigError> {
        let named =
            overrides.config.clone().or_else(|| env::var_os("DOMOVOI_CONFIG").map(Into::into));
        let found = Path::new("domovoi.toml");
        let mut config = match named {
            Some(path) => Self::read(&path)?,
            None if found.exists() => Self::read(found)?,
            None => Self::default(),
        };
        config.apply_variables()?;
        if let Some(listen) = overrides.listen {
            config.listen = listen;
        }
        if let Some(data_dir) = &overrides.data_dir {
            config.data_dir.clone_from(data_dir);
        }
        Ok(config)
    }

    /// Reads TOML.
    ///
    /// # Errors
    /// Names the line.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text)
            .map_err(|source| ConfigError::Parse { path: path.to_owned(), source: source.into() })
    }

    fn apply_variables(&mut self) -> Result<(), ConfigError> {
        if let Some(listen) = parsed("DOMOVOI_LISTEN")? {
            self.listen = listen;
        }
        if let Some(data_dir) = variable("DOMOVOI_DATA_DIR") {
            self.data_dir = data_dir.into();
        }
        if let Some(seconds) = parsed("DOMOVOI_GRACE_SECONDS")? {
            self.grace_seconds = seconds;
        }
        if let Some(level) = variable("DOMOVOI_LOG") {
            self.log.level = level;
        }
        self.model.name = variable("DOMOVOI_MODEL").or_else(|| self.model.name.take());
        self.model.weights = variable("DOMOVOI_WEIGHTS").or_else(|| self.model.weights.take());
        self.model.base_url = variable("OPENAI_BASE_URL").or_else(|| self.model.base_url.take());
        if let Some(threads) = parsed("DOMOVOI_THREADS")? {
            self.model.threads = Some(threads);
        }
        Ok(())
    }
}

/// A variable that is set to something.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    name: &'static str,
) -> Result<Option<T>, ConfigError> {
    let Some(value) = variable(name) else { return Ok(None) };
    match value.parse() {
        Ok(parsed) => Ok(Some(parsed)),
        Err(error) => {
            let problem = format!("{error}");
            Err(ConfigError::Variable { name, value, problem })
        }
    }
}
