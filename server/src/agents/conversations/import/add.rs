//! Imported conversations become those of this list.

use domovoi_agents::prelude::*;
use domovoi_app::{
    language::Lang,
    types::{Conversation, ImportResult},
};

use super::{
    super::{
        super::{Assistant, files},
        Conversations, folders, now,
        search::{self, Said},
        title::{gist, to_title, untitled},
    },
    Imported, LeftOut,
};
use crate::languages::say;

/// Writes the messages of imported conversations, then lists them; a crash between leaves nothing that
/// is listed and not there.
pub(in super::super) async fn add(
    cx: &Context<Conversations>,
    found: Vec<Imported>,
    mut left_out: LeftOut,
    lang: Lang,
) -> Result<ImportResult> {
    let (mut added, mut places) = (Vec::new(), Vec::new());
    for Imported { title, created_at, updated_at, folder, messages } in found {
        let id = uuid::Uuid::now_v7().to_string();
        let first = messages.first().map(gist).unwrap_or_default();
        let said: Vec<Said> = messages.iter().filter_map(Said::of).collect();
        let conversation = cx.agents().get::<Assistant>(&id)?;
        let refused = conversation.run(move |_, cx| async move {
            let (messages, refused) = files::keep_all(&cx, messages)?;
            cx.save_messages(messages)?;
            Ok::<_, HandlerError>(refused)
        });
        left_out.refused_files += refused.await??;
        search::index(cx, &id, &said, true)?;
        let updated_at = updated_at.or(created_at).unwrap_or_else(now);
        places.extend(folder.map(|folder| (id.clone(), folder)));
        added.push(Conversation {
            id,
            title: to_title(&title).or_else(|| to_title(&first)).unwrap_or_else(untitled),
            created_at: created_at.unwrap_or(updated_at),
            updated_at,
            ..Conversation::default()
        });
    }
    let conversations = added.len();
    cx.update_state(|state| {
        state.conversations.extend(added);
        state.conversations.sort_by_key(|it| std::cmp::Reverse(it.updated_at));
        for (conversation, name) in places {
            // Where there can be no such folder it is in none.
            if let Some(folder) = folders::named(state, &name) {
                state.places.push((conversation, folder));
            }
        }
    })?;
    let count = match conversations {
        1 => say("One conversation was imported.", lang),
        many => say(&format!("{many} conversations were imported."), lang),
    };
    let words: Vec<String> = [count].into_iter().chain(left_out.words(lang)).collect();
    Ok(ImportResult { conversations, message: words.join(" ") })
}
