//! Programs from the system's package manager.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};

use crate::{
    process::{find_program, run, succeeds},
    progress::step,
};

/// Something that must be on the machine, and the Debian packages that bring it.
pub(crate) struct Requirement {
    /// What to call it in messages.
    pub(crate) name: &'static str,
    /// Debian packages.
    pub(crate) apt: &'static [&'static str],
    /// Homebrew formulas or casks.
    pub(crate) brew: &'static [&'static str],
    /// Whether it is there.
    pub(crate) present: fn() -> bool,
}

/// Node.js with npm, for what makes the browser's programs smaller, and for the tests in `end2end`.
const NODE: Requirement = Requirement {
    name: "Node.js",
    apt: &["nodejs", "npm"],
    brew: &["node"],
    present: || find_program("node").is_some() && find_program("npm").is_some(),
};

/// A Chromium for the browser tests.
const BROWSER: Requirement = Requirement {
    name: "Chromium",
    apt: &["chromium"],
    brew: &["chromium"],
    present: || {
        ["chromium", "chromium-browser", "google-chrome"]
            .iter()
            .any(|name| find_program(name).is_some())
            || std::env::var_os("CHROMIUM").is_some()
    },
};

/// Python with pip and virtual environments, for tests against llama.cpp's own server.
const PYTHON: Requirement = Requirement {
    name: "Python with pip and venv",
    apt: &["python3", "python3-pip", "python3-venv"],
    brew: &["python"],
    present: || succeeds(Command::new("python3").args(["-c", "import ensurepip, pip, venv"])),
};

/// A proxy with a certificate, for the test of the guide's configuration.
const PROXY: Requirement = Requirement {
    name: "nginx and openssl",
    apt: &["nginx", "openssl"],
    brew: &["nginx", "openssl"],
    present: || {
        // Debian has it where only root looks for programs.
        let has_nginx = find_program("nginx").is_some() || Path::new("/usr/sbin/nginx").exists();
        has_nginx && find_program("openssl").is_some()
    },
};

/// What reads systemd's units, for the test of ours.
const UNITS: Requirement = Requirement {
    name: "systemd-analyze",
    apt: &["systemd"],
    brew: &[],
    present: || find_program("apt-get").is_none() || find_program("systemd-analyze").is_some(),
};

/// Installs Python where it, or a part of it, is missing.
pub(crate) fn python() -> Result<()> {
    install(&[PYTHON])
}

/// Installs Node.js where it is missing.
pub(crate) fn node() -> Result<()> {
    install(&[NODE])
}

/// Installs Chromium where it is missing.
pub(crate) fn browser() -> Result<()> {
    install(&[BROWSER])
}

/// Installs where they are missing the programs that Domovoi is run with.
pub(crate) fn surroundings() -> Result<()> {
    install(&[PROXY, UNITS])
}

/// Installs what is missing through apt as root; on any other machine fails with the line to
/// type.
pub(crate) fn install(requirements: &[Requirement]) -> Result<()> {
    let missing: Vec<&Requirement> =
        requirements.iter().filter(|requirement| !(requirement.present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|requirement| requirement.name).collect::<Vec<_>>().join(", ");
    let apt: Vec<&str> =
        missing.iter().flat_map(|requirement| requirement.apt.iter().copied()).collect();
    if find_program("apt-get").is_some() {
        if is_root() {
            return step(&format!("installing {names}"), || {
                apt_get(&["update", "-qq"])?;
                let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
                arguments.extend(&apt);
                apt_get(&arguments)
            });
        }
        bail!(
            "missing: {names}. Type this, then try again:\n\n    sudo apt-get install -y {}\n",
            apt.join(" ")
        );
    }
    let brew: Vec<&str> =
        missing.iter().flat_map(|requirement| requirement.brew.iter().copied()).collect();
    if cfg!(target_os = "macos") {
        bail!(
            "missing: {names}. Type this, then try again:\n\n    brew install {}\n",
            brew.join(" ")
        );
    }
    bail!("missing: {names}. Install them with your system's package manager, then try again");
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    run(Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(std::process::Stdio::null()))
}

fn is_root() -> bool {
    succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"]))
}
