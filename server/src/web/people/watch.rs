//! Connections and streams that were opened while a session was good end when it is not any more.

use std::{cell::RefCell, collections::HashMap, sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody},
    response::Response,
};
use domovoi_agents::Connection;
use futures::StreamExt;
use http::StatusCode;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    Entrance,
    credential::{Admitted, Credential},
};
use crate::people::{By, PeopleError, PersonId, Role, now};

/// How often another program's writes are looked for: those of `domovoi user`.
const LOOK: Duration = Duration::from_secs(1);
/// After how many looks connections are gone through in any case: sessions expire, and one may have
/// been revoked while its connection was being opened.
const ROUND: u32 = 10;
/// How often it is looked for what is to be deleted of those who were removed.
const PURGE: Duration = Duration::from_secs(60 * 60);

/// The code that clients do not connect again after.
const POLICY_VIOLATION: u16 = 1008;

/// Ends what rests on sessions that are over, until the server stops.
pub(crate) async fn watch(entrance: Arc<Entrance>) {
    let mut changes = entrance.people.changes();
    let mut version = entrance.people.version().unwrap_or_default();
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut round = 0;
    let mut purges = interval(PURGE);
    purges.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = entrance.homes.stopping() => return,
            changed = changes.changed() => if changed.is_err() { return },
            _ = purges.tick() => {
                purge(&entrance).await;
                continue;
            }
            _ = looks.tick() => {
                let seen = entrance.people.version().unwrap_or(version);
                if seen != version {
                    version = seen;
                    // Streams want to know as well.
                    entrance.people.changed();
                    continue;
                }
                round = (round + 1) % ROUND;
                if round != 0 {
                    continue;
                }
            }
        }
        if let Err(error) = sweep(&entrance) {
            tracing::warn!(%error, "sessions cannot be looked after");
        }
    }
}

/// Deletes what is left of those who were removed long enough ago.
async fn purge(entrance: &Arc<Entrance>) {
    let entrance = Arc::clone(entrance);
    let purged = tokio::task::spawn_blocking(move || {
        let removed = entrance.people.removed()?;
        let by = By::default().named("the server");
        for gone in entrance.homes.purge(removed, now()) {
            entrance.people.purged(&by, &gone)?;
        }
        Ok::<_, PeopleError>(())
    });
    if let Ok(Err(error)) = purged.await {
        tracing::warn!(%error, "those who were removed cannot be looked up");
    }
}

/// Goes through all connections once.
fn sweep(entrance: &Arc<Entrance>) -> Result<(), PeopleError> {
    let people = &entrance.people;
    if !people.has_accounts()? {
        return Ok(());
    }
    entrance.apply_quotas()?;
    if let Some(owner) = people.owner()? {
        entrance.homes.owner_is(&owner.name);
    }
    let now = now();
    let known = RefCell::new(HashMap::new());
    entrance.homes.close_connections(POLICY_VIOLATION, "signed out", |home, connection| {
        belongs(entrance, &known, home, connection, now)
    });
    for admitted in known.into_inner().into_values().flatten() {
        people.seen(&admitted.signed_in, now)?;
    }
    for (id, _) in entrance.homes.opened() {
        if people.with_id(&id)?.is_none() {
            let homes = Arc::clone(&entrance.homes);
            tokio::spawn(async move { homes.close(&id).await });
        }
    }
    Ok(())
}

/// Whether a connection is that of the person whose home it is in; `None` is the owner's.
fn belongs(
    entrance: &Entrance,
    known: &RefCell<HashMap<Credential, Option<Admitted>>>,
    home: Option<&PersonId>,
    connection: &Connection,
    now: i64,
) -> bool {
    let Some(shown) = Credential::of(connection.headers(), entrance.is_secure()) else {
        return false;
    };
    let mut known = known.borrow_mut();
    if !known.contains_key(&shown) {
        match shown.admitted(&entrance.people, now) {
            Ok(found) => known.insert(shown.clone(), found),
            // It is looked at again in a moment; nobody is thrown out for a disk that is full.
            Err(error) => {
                tracing::warn!(%error, "a session cannot be looked at");
                return true;
            }
        };
    }
    known.get(&shown).and_then(Option::as_ref).is_some_and(|admitted| match home {
        None => admitted.person().role == Role::Owner,
        Some(id) => admitted.person().id == *id,
    })
}

/// The same answer; where it is a stream, it ends with the session.
pub(super) fn until_signed_out(
    entrance: &Arc<Entrance>,
    credential: Credential,
    response: Response,
) -> Response {
    let is_whole = response.body().size_hint().exact().is_some();
    if is_whole || response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let (people, mut changes) = (Arc::clone(&entrance.people), entrance.people.changes());
    let signed_out = async move {
        // It may have ended while the answer was made.
        while !matches!(credential.admitted(&people, now()), Ok(None)) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    };
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(signed_out))))
}
