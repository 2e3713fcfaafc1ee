//! Who somebody is here that the provider has sent back.

use std::time::Instant;

use super::{
    super::{Client, Entrance},
    failure::Failure,
};
use crate::{
    openid::{Claims, OpenId, OpenIdError},
    people::{Identity, Known, Name, PeopleError, Person, PersonId, Role, SignedIn},
};

fn identity(openid: &OpenId, claims: &Claims) -> Identity {
    Identity { issuer: openid.config().issuer.clone(), subject: claims.sub.clone() }
}

/// The session here of the person who has gone, where they are signed in still.
fn session_of(entrance: &Entrance, client: &Client, id: &PersonId) -> Result<SignedIn, Failure> {
    let signed_in = entrance.signed_in(&client.headers)?.filter(|it| it.person.id == *id);
    Ok(signed_in.ok_or(OpenIdError::State)?)
}

/// Links an account, where its person is the one who is signed in here still.
pub(super) fn linked(
    entrance: &Entrance,
    openid: &OpenId,
    client: &Client,
    claims: &Claims,
    id: &PersonId,
) -> Result<Person, Failure> {
    let by = client.by.clone().named(&session_of(entrance, client, id)?.person.name);
    let identity = identity(openid, claims);
    // Who comes in by the provider alone comes in for as long as the configuration says.
    let has_password = entrance.people.has_password(id)?;
    Ok(entrance.people.link(&by, &identity, id, has_password)?)
}

/// Notes that the person of a session has shown at the provider, just now, that it is them.
pub(super) fn proven(
    entrance: &Entrance,
    openid: &OpenId,
    client: &Client,
    claims: &Claims,
    id: &PersonId,
    since: u64,
) -> Result<(), Failure> {
    let session = session_of(entrance, client, id)?.session;
    let is_theirs = match entrance.people.identified(&identity(openid, claims))? {
        Known::Person { person, .. } => person.id == *id,
        Known::Nobody | Known::Removed => false,
    };
    if !is_theirs {
        return Err(OpenIdError::Another(claims.who().to_owned()).into());
    }
    if !claims.signed_in_since(since) {
        return Err(OpenIdError::NotFresh(claims.who().to_owned()).into());
    }
    entrance.proofs.note(session, Instant::now());
    Ok(())
}

/// Whose account it is; where nobody's, one is made, or not.
pub(super) fn admitted(
    entrance: &Entrance,
    openid: &OpenId,
    client: &Client,
    claims: &Claims,
) -> Result<Person, Failure> {
    let (people, identity) = (&entrance.people, identity(openid, claims));
    let who = || claims.who().to_owned();
    let (known, role) = (people.identified(&identity)?, openid.role_of(claims));
    match (known, role) {
        (Known::Person { person, linked: true }, _) => Ok(person),
        (Known::Person { mut person, .. }, Some(role)) => {
            let follows = !openid.config().roles.is_empty() && person.role != Role::Owner;
            if follows && person.role != role {
                people.set_role(&client.by.clone().named("OpenID Connect"), &person.id, role)?;
                person.role = role;
            }
            Ok(person)
        }
        (Known::Removed, _) => Err(OpenIdError::Removed(who()).into()),
        (_, None) => Err(OpenIdError::NotAdmitted(who()).into()),
        (Known::Nobody, Some(role)) => {
            let email = claims.verified_email().filter(|_| openid.config().link_by_email);
            match email.map(|email| people.called(email)) {
                // An address is not enough for the owner's account.
                Some(Ok(person)) if person.role == Role::Owner => {
                    return Err(OpenIdError::NoSignUp(who()).into());
                }
                Some(Ok(person)) => {
                    let by = client.by.clone().named(&person.name);
                    return Ok(people.link(&by, &identity, &person.id, false)?);
                }
                Some(Err(PeopleError::Nobody(_))) | None => {}
                Some(Err(error)) => return Err(error.into()),
            }
            if !openid.config().sign_up {
                return Err(OpenIdError::NoSignUp(who()).into());
            }
            let name = claims.names().find_map(|name| Name::new(name.trim()).ok());
            let name = name.ok_or(PeopleError::Name)?;
            Ok(people.add_identified(&client.by, &identity, &name, role)?)
        }
    }
}
