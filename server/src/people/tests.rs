//! Accounts, sessions and invitations, in a database of their own.

use tempfile::TempDir;

use super::*;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn people() -> (TempDir, People) {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path()).unwrap();
    (folder, people)
}

fn add(people: &People, name: &str, role: Role) -> Result<Person, PeopleError> {
    let password = Password::new(&format!("password of {name}"), name)?;
    people.add(&By::command_line(), &Name::new(name)?, role, &password)
}

fn sign_in(people: &People, person: &Person, now: i64) -> Token {
    people.sign_in(&By::at("192.0.2.1"), &person.id, "a browser", None, now).unwrap()
}

fn events(people: &People) -> Vec<(String, String)> {
    people.audit(100).unwrap().into_iter().map(|entry| (entry.event, entry.subject)).rev().collect()
}

#[test]
fn the_first_is_the_owner_and_stays_it() {
    let (_folder, people) = people();
    assert!(!people.has_accounts().unwrap());
    assert!(matches!(add(&people, "anna", Role::Member), Err(PeopleError::FirstIsOwner)));
    let anna = add(&people, "anna", Role::Owner).unwrap();
    assert!(people.has_accounts().unwrap());
    assert!(matches!(add(&people, "bob", Role::Owner), Err(PeopleError::OwnerExists)));
    assert!(matches!(add(&people, "ANNA", Role::Member), Err(PeopleError::NameTaken(_))));
    let by = By::command_line();
    assert!(matches!(people.remove(&by, &anna.id), Err(PeopleError::OwnerStays)));
    assert!(matches!(people.set_role(&by, &anna.id, Role::Admin), Err(PeopleError::OwnerStays)));
    let bob = add(&people, "bob", Role::Member).unwrap();
    assert!(matches!(people.set_role(&by, &bob.id, Role::Owner), Err(PeopleError::OwnerExists)));
    people.set_role(&by, &bob.id, Role::Admin).unwrap();
    assert_eq!(people.called("Bob").unwrap().role, Role::Admin);
    assert_eq!(people.owner().unwrap(), Some(anna));
}

#[test]
fn a_password_is_known_by_its_name_in_any_letters() {
    let (_folder, people) = people();
    let anna = add(&people, "Anna", Role::Owner).unwrap();
    assert_eq!(people.knows("anna", "password of Anna").unwrap(), Some(anna));
    assert_eq!(people.knows("anna", "password of anna").unwrap(), None);
    assert_eq!(people.knows("bob", "password of Anna").unwrap(), None);
    people.sign_in_failed(&By::at("192.0.2.1"), "ANNA").unwrap();
    people.sign_in_failed(&By::at("192.0.2.1"), "my secret password").unwrap();
    let expected = [("added", "Anna"), ("sign-in failed", "Anna"), ("sign-in failed", "")];
    let expected = expected.map(|(event, subject)| (event.to_owned(), subject.to_owned()));
    assert_eq!(events(&people), expected);
}

#[test]
fn a_session_lasts_for_as_long_as_it_is_used() {
    let (_folder, people) = people();
    let anna = add(&people, "anna", Role::Owner).unwrap();
    let token = sign_in(&people, &anna, 0);
    let at = |now| people.signed_in(token.as_str(), now).unwrap();
    let signed_in = at(29 * DAY).unwrap();
    assert_eq!(signed_in.person, anna);
    people.seen(&signed_in, 29 * DAY).unwrap();
    assert!(at(58 * DAY).is_some());
    assert!(at(60 * DAY).is_none(), "31 days without use");
    assert!(people.signed_in("something else", 0).unwrap().is_none());
}

#[test]
fn a_session_ends_with_what_it_rests_on() {
    let (_folder, people) = people();
    let anna = add(&people, "anna", Role::Owner).unwrap();
    let bob = add(&people, "bob", Role::Member).unwrap();
    let by = By::command_line();
    let good = |token: &Token| people.signed_in(token.as_str(), 1).unwrap();

    let (here, there) = (sign_in(&people, &anna, 0), sign_in(&people, &anna, 0));
    let session = good(&here).unwrap().session;
    people.revoke(&by, &bob, session).unwrap();
    assert!(good(&here).is_some(), "it is not bob's");
    let password = Password::new("another password", "anna").unwrap();
    people.set_password(&by, &anna.id, &password, Some(session)).unwrap();
    assert!(good(&here).is_some() && good(&there).is_none());
    people.sign_out(&by, &good(&here).unwrap()).unwrap();
    assert!(good(&here).is_none());

    let first = sign_in(&people, &bob, 0);
    let second = people.sign_in(&by, &bob.id, "", Some(first.as_str()), 0).unwrap();
    assert!(good(&first).is_none(), "one session in one browser");
    people.remove(&by, &bob.id).unwrap();
    assert!(good(&second).is_none());
    assert!(matches!(people.sign_in(&by, &bob.id, "", None, 0), Err(PeopleError::Gone)));
}

#[test]
fn an_invitation_is_used_once_within_a_week() {
    let (_folder, people) = people();
    add(&people, "anna", Role::Owner).unwrap();
    let by = By::command_line().named("anna");
    assert!(people.invite(&by, Role::Owner, 0).is_err());
    let token = people.invite(&by, Role::Member, 0).unwrap();
    assert!(matches!(people.invitation(token.as_str(), 8 * DAY), Err(PeopleError::Invitation)));
    let accept = |name: &str| {
        let password = Password::new("a long password", name).unwrap();
        let name = Name::new(name).unwrap();
        people.accept(&By::at("192.0.2.1"), token.as_str(), &name, &password, DAY)
    };
    assert!(matches!(accept("Anna"), Err(PeopleError::NameTaken(_))));
    assert_eq!(accept("bob").unwrap().role, Role::Member);
    assert!(matches!(accept("carl"), Err(PeopleError::Invitation)));

    let admin = people.invite(&by, Role::Admin, 0).unwrap();
    let id = people.invitations(1).unwrap()[0].id;
    assert!(matches!(people.uninvite(&by, Role::Admin, id, 1), Err(PeopleError::NotAllowed)));
    people.uninvite(&by, Role::Owner, id, 1).unwrap();
    assert!(people.invitation(admin.as_str(), 2).is_err());
}

#[test]
fn an_invitation_ends_with_whoever_made_it() {
    let (_folder, people) = people();
    add(&people, "anna", Role::Owner).unwrap();
    let bob = add(&people, "bob", Role::Admin).unwrap();
    let carla = add(&people, "carla", Role::Admin).unwrap();
    let invite =
        |name: &str| people.invite(&By::command_line().named(name), Role::Member, now()).unwrap();
    let (of_bob, of_carla, of_anna) = (invite("bob"), invite("carla"), invite("anna"));
    people.remove(&By::command_line(), &bob.id).unwrap();
    people.set_role(&By::command_line(), &carla.id, Role::Member).unwrap();
    for ended in [of_bob, of_carla] {
        assert!(people.invitation(ended.as_str(), now()).is_err());
    }
    assert!(people.invitation(of_anna.as_str(), now()).is_ok());
}

#[test]
fn the_log_is_never_rewritten_and_secrets_are_in_no_file() {
    let (folder, people) = people();
    let anna = add(&people, "anna", Role::Owner).unwrap();
    let session = sign_in(&people, &anna, now());
    let invitation = people.invite(&By::command_line(), Role::Member, now()).unwrap();
    for sql in ["DELETE FROM audit", "UPDATE audit SET actor = 'nobody'"] {
        let refused = people.write(|db| Ok(db.execute(sql, [])?)).unwrap_err().to_string();
        assert!(refused.contains("never rewritten"), "{refused}");
    }
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for secret in [session.as_str(), invitation.as_str(), "password of anna"] {
            assert!(!bytes.windows(secret.len()).any(|it| it == secret.as_bytes()));
        }
    }
}

#[test]
fn another_program_sees_what_this_one_writes_and_is_noticed() {
    let (folder, people) = people();
    let other = People::open(folder.path()).unwrap();
    let before = people.version().unwrap();
    add(&other, "anna", Role::Owner).unwrap();
    assert_ne!(people.version().unwrap(), before);
    assert!(people.has_accounts().unwrap());
}
