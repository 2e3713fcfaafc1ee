//! Homes: one for each person, with agents of its own over a folder of its own. Nothing in a home can
//! name anything in another one, so whoever is led into the right home cannot reach further.

use std::{
    collections::HashMap,
    fmt, fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::Router;
use domovoi_agents::{Agents, AgentsBuilder, AgentsConfig, Connection, Figures, Identity};
use domovoi_models::gateway::Payer;
use futures::future::join_all;
use http::request::Parts;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::{
    ServeError,
    agents::Assistant,
    config::Config,
    people::{Person, PersonId, Removed, Role, SignedIn, Whose},
    recipe::Recipe,
};

/// The folder of homes other than the owner's, below the data folder.
const FOLDER: &str = "people";

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Where everything of a person is. The owner has what the data folder has had before there were
/// others.
pub(crate) fn folder_of(data_dir: &Path, person: &Person) -> PathBuf {
    match person.role {
        Role::Owner => data_dir.to_owned(),
        Role::Admin | Role::Member => data_dir.join(FOLDER).join(person.id.as_str()),
    }
}

/// Deletes what somebody kept who was removed. Nobody can open it any more, so whoever has it open now is
/// about to close it.
///
/// # Errors
/// [`ServeError::DataDirInUse`] until it is closed; [`ServeError::DataDir`] where it cannot be deleted.
pub(crate) fn purge(config: &Config, removed: &Removed) -> Result<(), ServeError> {
    let folder = config.data_dir.join(FOLDER).join(removed.id.as_str());
    if !folder.exists() {
        return Ok(());
    }
    let claimed = Agents::builder(agents_config(config, folder.clone())).claim()?;
    let gone = fs::remove_dir_all(&folder);
    drop(claimed);
    gone.map_err(|source| ServeError::DataDir { path: folder, source })
}

/// What one person has.
pub(crate) struct Home {
    agents: Agents,
    payer: Payer,
    router: Router,
}

impl Home {
    /// The agents of this person.
    pub(crate) fn agents(&self) -> &Agents {
        &self.agents
    }

    /// Pages, agents and everything else of this person.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }
}

/// All homes of this server.
pub(crate) struct Homes {
    recipe: Recipe,
    data_dir: PathBuf,
    owner: Arc<Home>,
    others: Mutex<HashMap<PersonId, Arc<OnceCell<Arc<Home>>>>>,
    stopping: AtomicBool,
}

impl fmt::Debug for Homes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Homes").field("others", &self.others.lock().len()).finish_non_exhaustive()
    }
}

impl Homes {
    /// Opens the owner's; the folder is claimed.
    pub(crate) fn open(recipe: Recipe, claimed: AgentsBuilder) -> Result<Self, ServeError> {
        let data_dir = recipe.config().data_dir.clone();
        let owner = Arc::new(build(&recipe, claimed, Payer::default(), Whose::owner())?);
        let (others, stopping) = (Mutex::default(), AtomicBool::new(false));
        Ok(Self { recipe, data_dir, owner, others, stopping })
    }

    /// The assistant, for answers outside of any conversation.
    pub(crate) fn assistant(&self) -> Assistant {
        self.recipe.assistant()
    }

    /// The owner's, whether the owner has an account or not.
    pub(crate) fn owner(&self) -> &Arc<Home> {
        &self.owner
    }

    /// Says what the owner is called, for the log of requests to models.
    pub(crate) fn owner_is(&self, name: &str) {
        self.owner.payer.is(name);
    }

    /// Somebody's, opened where this is the first time.
    pub(crate) async fn of(self: &Arc<Self>, person: &Person) -> Result<Arc<Home>, ServeError> {
        if person.role == Role::Owner {
            self.owner_is(&person.name);
            return Ok(Arc::clone(&self.owner));
        }
        let cell = Arc::clone(self.others.lock().entry(person.id.clone()).or_default());
        let open = || async {
            let (homes, person) = (Arc::clone(self), person.clone());
            // Databases are opened.
            let opened = tokio::task::spawn_blocking(move || homes.open_home(&person)).await;
            opened.map_err(std::io::Error::other)?
        };
        Ok(Arc::clone(cell.get_or_try_init(open).await?))
    }

    fn open_home(&self, person: &Person) -> Result<Arc<Home>, ServeError> {
        if self.stopping.load(Ordering::SeqCst) {
            return Err(ServeError::Stopping);
        }
        let builder =
            Agents::builder(agents_config(self.recipe.config(), folder_of(&self.data_dir, person)));
        let (payer, whose) = (Payer::named(&person.name), Whose::of(person));
        let home = build(&self.recipe, builder.claim()?, payer, whose)?;
        Ok(Arc::new(home))
    }

    /// Opens the homes of those who have kept something, so that what is due there comes.
    pub(crate) async fn wake(self: &Arc<Self>, everybody: &[Person]) {
        let kept = everybody.iter().filter(|person| folder_of(&self.data_dir, person).exists());
        for person in kept {
            if let Err(error) = self.of(person).await {
                tracing::warn!(%error, "somebody's agents cannot be hosted");
            }
        }
    }

    /// Closes the home of somebody who is no more; what is in flight there is cut off.
    pub(crate) async fn close(&self, person: &PersonId) {
        let cell = self.others.lock().get(person).map(Arc::clone);
        let home = cell.as_ref().and_then(|cell| cell.get());
        if let Some(home) = home {
            home.agents.shutdown(Duration::ZERO).await;
            // Not before: it would be opened while its folder is in use.
            self.others.lock().remove(person);
        }
    }

    /// Closes the connections that are not those of whose home it is.
    pub(crate) fn close_connections(
        &self,
        code: u16,
        reason: &str,
        belongs: impl Fn(Option<&PersonId>, &Connection) -> bool,
    ) {
        let owner = [(None, Arc::clone(&self.owner))];
        let others = self.opened().into_iter().map(|(id, home)| (Some(id), home));
        for (id, home) in owner.into_iter().chain(others) {
            home.agents
                .close_connections(code, reason, |connection| !belongs(id.as_ref(), connection));
        }
    }

    /// Deletes what those have kept who were removed long enough ago; answers whom nothing is left of.
    pub(crate) fn purge(&self, removed: Vec<Removed>, now: i64) -> Vec<Removed> {
        let config = self.recipe.config();
        let kept_for = i64::from(config.keep_removed_days) * DAY_MS;
        let due = removed.into_iter().filter(|it| it.removed_at.saturating_add(kept_for) <= now);
        let purged = due.filter(|it| match purge(config, it) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "what somebody kept who was removed is not deleted yet");
                false
            }
        });
        purged.collect()
    }

    /// Homes that are open, but for the owner's.
    pub(crate) fn opened(&self) -> Vec<(PersonId, Arc<Home>)> {
        let others = self.others.lock();
        let opened = others.iter().filter_map(|(id, cell)| Some((id.clone(), cell.get()?.clone())));
        opened.collect()
    }

    fn all(&self) -> Vec<Arc<Home>> {
        let others = self.opened().into_iter().map(|(_, home)| home);
        [Arc::clone(&self.owner)].into_iter().chain(others).collect()
    }

    /// What the agents of all homes are doing.
    pub(crate) fn figures(&self) -> Figures {
        let mut sum = Figures::default();
        for figures in self.all().iter().map(|home| home.agents.figures()) {
            sum.awake_instances += figures.awake_instances;
            sum.open_connections += figures.open_connections;
            sum.running_turns += figures.running_turns;
            sum.completed_turns += figures.completed_turns;
            sum.aborted_turns += figures.aborted_turns;
            sum.failed_turns += figures.failed_turns;
            sum.messages_read += figures.messages_read;
        }
        sum
    }

    /// Whether no agent is woken any more.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Completes when a shutdown begins.
    pub(crate) async fn stopping(&self) {
        self.owner.agents.stopping().await;
    }

    /// Shuts all of them down together; see [`Agents::shutdown`].
    pub(crate) async fn shutdown(&self, grace: Duration) {
        self.stopping.store(true, Ordering::SeqCst);
        join_all(self.all().iter().map(|home| home.agents.shutdown(grace))).await;
    }
}

fn build(
    recipe: &Recipe,
    claimed: AgentsBuilder,
    payer: Payer,
    whose: Whose,
) -> Result<Home, ServeError> {
    let claimed = claimed
        .before_connect(|arrival| async move { Ok(identity(&arrival.request)) })
        .before_request(|arrival| async move { Ok(identity(&arrival.request)) });
    let agents = recipe.build(claimed, &payer, whose)?;
    let router = recipe.routes(&agents, &payer);
    Ok(Home { agents, payer, router })
}

/// Who asks, for the trail of approvals and for agents of one's own.
fn identity(request: &Parts) -> Identity {
    match request.extensions.get::<SignedIn>() {
        Some(signed_in) => Identity::new(signed_in.clone()).named(signed_in.person.name.as_str()),
        None => Identity::anonymous(),
    }
}

/// The settings of a runtime over this folder.
pub(crate) fn agents_config(config: &Config, folder: PathBuf) -> AgentsConfig {
    let mut settings = AgentsConfig::new(folder);
    settings.durability = config.durability;
    settings.allowed_origins.clone_from(&config.allowed_origins);
    // A proxy may leave out of the name what the browser was told: the port.
    settings.allowed_origins.extend(config.public_url.iter().map(|url| url.origin().to_owned()));
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_address_that_people_know_may_talk_to_agents() {
        let text =
            "public_url = 'https://chat.example.com:8443'\nallowed_origins = ['https://a.example']";
        let config = Config::parse(text).unwrap();
        let settings = agents_config(&config, PathBuf::new());
        assert_eq!(
            settings.allowed_origins,
            ["https://a.example", "https://chat.example.com:8443"]
        );
    }
}
