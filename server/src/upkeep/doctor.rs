//! `domovoi doctor`: what may be wrong, and what to do about it.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use domovoi_agents::{FolderLock, backup::damage};
use domovoi_models::weights::WeightsFinder;

use crate::{
    config::{Config, OpenIdConfig, Overrides, Provider},
    openid::OpenId,
    web::has_assets,
};

/// How long an endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How one thing stands.
enum Finding {
    Fine(String),
    /// It works, and somebody should know.
    Note(String),
    /// It does not work; the text says what to do.
    Problem(String),
}

use Finding::{Fine, Note, Problem};

/// Looks at everything and prints what it finds, one line each; whether there was no problem.
pub(crate) async fn doctor(overrides: &Overrides) -> bool {
    let config = match Config::load(overrides) {
        Ok(config) => config,
        Err(error) => {
            tell("configuration", &Problem(error.to_string()));
            return false;
        }
    };
    let running = FolderLock::is_held(&config.data_dir);
    let mut findings = vec![
        ("version", Fine(env!("CARGO_PKG_VERSION").to_owned())),
        ("configuration", Fine("it can be read".to_owned())),
        ("web app", web_app()),
        ("data folder", data_folder(&config.data_dir)),
        ("server", server(&config, running)),
        ("databases", databases(&config.data_dir)),
        ("model", model(&config).await),
    ];
    if let Some(openid) = &config.openid {
        findings.push(("sign-in", identity_provider(openid).await));
    }
    findings.iter().for_each(|(what, finding)| tell(what, finding));
    !findings.iter().any(|(_, finding)| matches!(finding, Problem(_)))
}

fn tell(what: &str, finding: &Finding) {
    let (mark, text) = match finding {
        Fine(text) => ("ok", text),
        Note(text) => ("note", text),
        Problem(text) => ("problem", text),
    };
    println!("{mark:8} {what:14} {text}");
}

fn web_app() -> Finding {
    if has_assets() {
        Fine("inside this program".to_owned())
    } else {
        Problem("not in this program: build it with `cargo xtask build`".to_owned())
    }
}

fn data_folder(folder: &Path) -> Finding {
    let probe = folder.join(".doctor");
    let path = folder.display();
    if !folder.exists() {
        return Note(format!("{path} is made by the first start"));
    }
    match fs::write(&probe, "x").and_then(|()| fs::remove_file(&probe)) {
        Ok(()) => Fine(path.to_string()),
        Err(error) => {
            Problem(format!("{path} cannot be written: {error}. Choose another: --data-dir"))
        }
    }
}

fn server(config: &Config, running: bool) -> Finding {
    let address = config.listen;
    match (running, TcpListener::bind(address)) {
        (true, _) => Fine("it runs with this data folder".to_owned()),
        (false, Ok(_)) => Fine(format!("it does not run, and {address} is free")),
        (false, Err(error)) => {
            Problem(format!("it could not listen on {address}: {error}. Choose another: --listen"))
        }
    }
}

fn databases(folder: &Path) -> Finding {
    let mut files = vec![];
    if let Err(error) = databases_below(folder, &mut files) {
        return Problem(format!("{}: {error}", folder.display()));
    }
    let damaged: Vec<_> = files
        .iter()
        .filter_map(|file| Some(format!("{}: {}", file.display(), damage(file)?)))
        .collect();
    if damaged.is_empty() {
        return Fine(format!("{} and none is damaged", files.len()));
    }
    let list = damaged.join("; ");
    Problem(format!(
        "{} of {} damaged. They were left as they are; `domovoi restore` brings back a backup: {list}",
        damaged.len(),
        files.len()
    ))
}

fn databases_below(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        if kind.is_dir() {
            databases_below(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "sqlite3") {
            files.push(path);
        }
    }
    Ok(())
}

async fn model(config: &Config) -> Finding {
    match config.model.provider() {
        Provider::Embedded => weights(config),
        Provider::OpenAi => endpoint(config).await,
    }
}

async fn identity_provider(config: &OpenIdConfig) -> Finding {
    let openid = match OpenId::new(config) {
        Ok(openid) => openid,
        Err(error) => return Problem(error.to_string()),
    };
    match openid.reach().await {
        Ok(()) if config.admits_nobody() => Fine(format!(
            "{} answers; nobody comes in but who has linked an account",
            config.issuer
        )),
        Ok(()) => Fine(format!("{} answers", config.issuer)),
        Err(error) => Problem(format!("{}: {error}", config.issuer)),
    }
}

fn weights(config: &Config) -> Finding {
    if !cfg!(feature = "embedded-model") {
        return Problem(
            "this program was built without the embedded model: set model.name in domovoi.toml"
                .to_owned(),
        );
    }
    let choice = config.model.weights();
    let name = WeightsFinder::new(&config.data_dir).expected_name(&choice);
    let folder = config.data_dir.join("models");
    let found = fs::read_dir(&folder).ok().into_iter().flatten().flatten();
    let any =
        found.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|e| e == "gguf"));
    match config.model.weights.as_deref().map(Path::new).filter(|path| path.is_absolute()) {
        Some(path) if path.exists() => Fine(format!("embedded, {}", path.display())),
        Some(path) => Problem(format!("there are no weights at {}", path.display())),
        None if any => Fine(format!("embedded, {name}; weights are in {}", folder.display())),
        None => Note(format!("embedded, {name}; the first start downloads the weights")),
    }
}

/// Whether the endpoint takes the key; asks for its list of models, which costs nothing.
async fn endpoint(config: &Config) -> Finding {
    let model = &config.model;
    let Some(name) = &model.name else {
        return Problem("an endpoint needs a model: set model.name in domovoi.toml".to_owned());
    };
    let key = match model.api_key() {
        Ok(key) => key,
        Err(error) => return Problem(error.to_string()),
    };
    let base = model.base_url.as_deref().unwrap_or(crate::gateway::OPENAI.1).trim_end_matches('/');
    let ask = async {
        let mut request = reqwest::Client::builder().build()?.get(format!("{base}/models"));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        request.send().await
    };
    match tokio::time::timeout(PATIENCE, ask).await {
        Ok(Ok(answer)) if answer.status().is_success() => Fine(format!("{name} at {base}")),
        Ok(Ok(answer)) if matches!(answer.status().as_u16(), 401 | 403) => {
            Problem(format!("{base} refused the key: set OPENAI_API_KEY or model.api_key_file"))
        }
        Ok(Ok(answer)) => {
            Note(format!("{base} answers, with {} to a list of models", answer.status()))
        }
        Ok(Err(error)) => Problem(format!("{base} cannot be reached: {}", without_address(error))),
        Err(_) => Problem(format!("{base} did not answer within {} s", PATIENCE.as_secs())),
    }
}

/// An error without its address, which is told already.
fn without_address(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
