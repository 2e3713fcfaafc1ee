//! Folders of conversations. What is in a folder is only noted there: a folder that goes takes no
//! conversation along.

use std::result::Result;

use domovoi_app::types::{
    ConversationsState,
    folders::{Folder, MAX_FOLDER_INSTRUCTIONS, MAX_FOLDER_NAME, MAX_FOLDERS},
};

use super::{super::one_line, noted::note};

/// Adds a folder; its id.
pub(super) fn create(state: &mut ConversationsState, name: &str) -> Result<String, String> {
    if state.folders.len() >= MAX_FOLDERS {
        return Err(format!("There can be {MAX_FOLDERS} folders at most."));
    }
    let name = checked_name(state, name, "")?;
    let id = uuid::Uuid::now_v7().to_string();
    state.folders.push(Folder { id: id.clone(), name, ..Folder::default() });
    sort(state);
    Ok(id)
}

/// Changes what a folder is called and what holds in it.
pub(super) fn change(state: &mut ConversationsState, new: Folder) -> Result<(), String> {
    let name = checked_name(state, &new.name, &new.id)?;
    if new.instructions.chars().count() > MAX_FOLDER_INSTRUCTIONS {
        return Err(format!(
            "The instructions of a folder have at most {MAX_FOLDER_INSTRUCTIONS} characters."
        ));
    }
    let folder = find(state, &new.id)?;
    folder.name = name;
    folder.instructions = new.instructions.trim().to_owned();
    folder.model = new.model;
    sort(state);
    Ok(())
}

/// Shows what is in a folder, or no longer.
pub(super) fn fold(state: &mut ConversationsState, id: &str, closed: bool) -> Result<(), String> {
    find(state, id)?.closed = closed;
    Ok(())
}

/// Takes a folder away; its conversations are in none then.
pub(super) fn remove(state: &mut ConversationsState, id: &str) -> Result<(), String> {
    find(state, id)?;
    state.folders.retain(|folder| folder.id != id);
    state.places.retain(|(_, folder)| folder != id);
    Ok(())
}

/// Puts a conversation into a folder, or into none where that is empty.
pub(super) fn place(
    state: &mut ConversationsState,
    conversation: String,
    folder: String,
) -> Result<(), String> {
    if !folder.is_empty() {
        find(state, &folder)?;
    }
    note(&mut state.places, &state.conversations, conversation, folder);
    Ok(())
}

/// The folder of this name, made where there is none and there may be another.
pub(super) fn named(state: &mut ConversationsState, name: &str) -> Option<String> {
    let found = state.folders.iter().find(|folder| folder.is_called(name.trim()));
    match found {
        Some(folder) => Some(folder.id.clone()),
        None => create(state, name).ok(),
    }
}

fn find<'a>(state: &'a mut ConversationsState, id: &str) -> Result<&'a mut Folder, String> {
    let found = state.folders.iter_mut().find(|folder| folder.id == id);
    found.ok_or_else(|| "There is no such folder any more.".to_owned())
}

/// One line that no folder but this one is called.
fn checked_name(state: &ConversationsState, name: &str, id: &str) -> Result<String, String> {
    let name = one_line(name);
    if name.is_empty() {
        return Err("A folder needs a name.".to_owned());
    }
    if name.chars().count() > MAX_FOLDER_NAME {
        return Err(format!("The name of a folder has at most {MAX_FOLDER_NAME} characters."));
    }
    let others = || state.folders.iter().filter(|folder| folder.id != id);
    match others().any(|folder| folder.is_called(&name)) {
        true => Err("There is a folder of this name already.".to_owned()),
        false => Ok(name),
    }
}

fn sort(state: &mut ConversationsState) {
    state.folders.sort_by_cached_key(|folder| folder.name.to_lowercase());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(state: &ConversationsState) -> Vec<&str> {
        state.folders.iter().map(|folder| folder.name.as_str()).collect()
    }

    #[test]
    fn names_are_there_once_short_and_in_order() {
        let mut state = ConversationsState::default();
        let work = create(&mut state, " Work  at\nhome ").unwrap();
        create(&mut state, "art").unwrap();
        assert_eq!(names(&state), ["art", "Work at home"]);
        for (name, problem) in
            [("  ", "needs a name"), ("ART", "already"), (&"x".repeat(61), "60 characters")]
        {
            let error = create(&mut state, name).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
        let mut folder = Folder { id: work, name: "art".to_owned(), ..Folder::default() };
        assert!(change(&mut state, folder.clone()).unwrap_err().contains("already"));
        folder.name = "A".to_owned();
        folder.instructions = " Be brief. ".to_owned();
        change(&mut state, folder.clone()).unwrap();
        assert_eq!(names(&state), ["A", "art"]);
        assert_eq!(state.folders[0].instructions, "Be brief.");
        folder.instructions = "x".repeat(MAX_FOLDER_INSTRUCTIONS + 1);
        assert!(change(&mut state, folder).unwrap_err().contains("4000 characters"));
    }

    #[test]
    fn there_are_not_too_many() {
        let mut state = ConversationsState::default();
        for index in 0..MAX_FOLDERS {
            create(&mut state, &index.to_string()).unwrap();
        }
        assert!(create(&mut state, "one more").unwrap_err().contains("50 folders"));
        assert_eq!(named(&mut state, "one more"), None);
        assert_eq!(
            named(&mut state, "7"),
            state.folders.iter().find(|it| it.name == "7").map(|it| it.id.clone())
        );
    }

    #[test]
    fn conversations_come_out_of_a_folder_that_goes() {
        let mut state = ConversationsState::default();
        let (one, other) = (create(&mut state, "a").unwrap(), create(&mut state, "b").unwrap());
        for (conversation, folder) in [("x", &one), ("y", &other), ("z", &one)] {
            place(&mut state, conversation.to_owned(), folder.clone()).unwrap();
        }
        place(&mut state, "z".to_owned(), String::new()).unwrap();
        assert!(place(&mut state, "x".to_owned(), "none".to_owned()).is_err());
        remove(&mut state, &one).unwrap();
        assert!(remove(&mut state, &one).is_err());
        assert_eq!(state.places, [("y".to_owned(), other)]);
    }
}
