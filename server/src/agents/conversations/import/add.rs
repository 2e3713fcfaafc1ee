//! Imported conversations become those of this list.

use domovoi_agents::prelude::*;
use domovoi_app::types::{Conversation, ImportResult};

use super::{
    super::{
        super::{Assistant, files},
        Conversations, folders, now,
        search::{self, Said},
        to_title,
    },
    Imported, LeftOut,
};

/// Writes the messages of imported conversations, then lists them; a crash between leaves nothing that
/// is listed and not there.
pub(in super::super) async fn add(
    cx: &Context<Conversations>,
    found: Vec<Imported>,
    mut left_out: LeftOut,
) -> Result<ImportResult> {
    let (mut added, mut places) = (Vec::new(), Vec::new());
    for Imported { title, created_at, updated_at, folder, messages } in found {
        let id = uuid::Uuid::now_v7().to_string();
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
            title: to_title(&title).unwrap_or_else(|| "Imported".to_owned()),
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
        1 => "One conversation was imported.".to_owned(),
        many => format!("{many} conversations were imported."),
    };
    let words: Vec<String> = [count].into_iter().chain(left_out.words()).collect();
    Ok(ImportResult { conversations, message: words.join(" ") })
}
