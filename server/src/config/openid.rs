//! `[openid]`: signing in at an identity provider.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use serde::Deserialize;

use super::{ConfigError, load::variable, models::first_line};

/// An identity provider that speaks OpenID Connect. Who is in none of `emails`, `email_domains` and
/// `roles` cannot come in by it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OpenIdConfig {
    /// Its address, as its discovery document says it: `https`, or this machine.
    pub issuer: String,
    /// What this server is called there.
    pub client_id: String,
    /// The variable that holds this server's secret there.
    #[serde(default)]
    pub client_secret_env: Option<String>,
    /// A file that holds the secret, on the first line.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// What people call it: the button is "Sign in with" this. Default: `OpenID`.
    #[serde(default = "label")]
    pub label: String,
    /// What is asked for. Default: `openid`, `email`, `profile`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// E-mail addresses that may come in, where the provider has verified them.
    #[serde(default)]
    pub emails: BTreeSet<String>,
    /// What may be behind the `@` of a verified address.
    #[serde(default)]
    pub email_domains: BTreeSet<String>,
    /// The claim that `roles` looks at: a text, or a list of texts. Default: `groups`.
    #[serde(default = "roles_claim")]
    pub roles_claim: String,
    /// Which value of that claim may come in, as `admin` or `member`.
    #[serde(default)]
    pub roles: BTreeMap<String, String>,
    /// Whether those get an account that have none. Default: no; who has one can link it.
    #[serde(default)]
    pub sign_up: bool,
    /// Whether an account that is called as a verified address is that person's. Default: no.
    #[serde(default)]
    pub link_by_email: bool,
}

fn label() -> String {
    "OpenID".to_owned()
}

fn scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(str::to_owned).to_vec()
}

fn roles_claim() -> String {
    "groups".to_owned()
}

impl OpenIdConfig {
    /// Whether nobody is named who may come in.
    pub(crate) fn admits_nobody(&self) -> bool {
        self.emails.is_empty() && self.email_domains.is_empty() && self.roles.is_empty()
    }

    /// This server's secret at the provider; none for a public client.
    ///
    /// # Errors
    /// [`ConfigError::OpenId`] where the variable is not set, [`ConfigError::Read`] where the file
    /// cannot be read.
    pub fn client_secret(&self) -> Result<Option<String>, ConfigError> {
        if let Some(name) = &self.client_secret_env {
            let unset = || ConfigError::OpenId(format!("the variable {name} is not set"));
            return variable(name).map(Some).ok_or_else(unset);
        }
        self.client_secret_file.as_ref().map(first_line).transpose()
    }
}
