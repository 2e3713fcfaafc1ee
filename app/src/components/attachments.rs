//! Files of a message: those that go with the next one, and those that went with one.

use domovoi_protocol::Part;
use leptos::prelude::*;

use crate::language::t;
use crate::{
    components::{
        file_button::file_button,
        icon::{Glyph, Icon},
    },
    hooks::use_attachments::Attachments,
    types::ASSISTANT_AGENT,
};

/// What the field for files offers first; the server decides by what is in them.
const ACCEPTED: &str =
    "image/png,image/jpeg,image/gif,image/webp,application/pdf,text/*,.csv,.md,.json";

/// A file that is no picture.
const FILE_CLASS: &str = "block max-w-full truncate rounded-xl border border-line bg-surface px-3 py-2 text-sm transition-colors hover:bg-hover";

/// The button that chooses files for a message.
pub(super) fn attach_button(attachments: Attachments) -> AnyView {
    let take = Callback::new(move |files| attachments.add_all(files));
    file_button("attach", Glyph::Attach, t().attach_files(), ACCEPTED, true, take)
}

/// The files that go with the next message, and what could not be attached.
#[component]
pub fn AttachmentTray(
    /// Where they are.
    attachments: Attachments,
) -> impl IntoView {
    view! {
        {move || {
            let files = attachments.files.get().into_iter().enumerate();
            let chips: Vec<_> = files.map(|(index, file)| chip(attachments, index, &file)).collect();
            let coming = attachments.coming.get();
            let note = (coming > 0).then(|| t().uploading());
            (!chips.is_empty() || note.is_some())
                .then(|| {
                    view! {
                        <div class="flex flex-wrap items-center gap-2 px-2 pb-2 text-sm" data-testid="attachments">
                            {chips}
                            <span class="text-muted">{note}</span>
                        </div>
                    }
                })
        }}
        <p class="px-2 text-sm text-danger" role="alert" data-testid="attach-problem">
            {move || attachments.problem.get()}
        </p>
    }
}

fn chip(attachments: Attachments, index: usize, file: &Part) -> AnyView {
    let name = name_of(file);
    let label = t().remove_name(&name);
    view! {
        <span class="flex max-w-full items-center gap-2 rounded-lg border border-line bg-sunken p-1 pl-2">
            {picture(file, "h-8 w-8 rounded-md object-cover")}
            <span class="min-w-0 truncate">{name}</span>
            <button
                type="button"
                class="inline-flex h-7 w-7 shrink-0 items-center justify-center rounded-md text-muted transition-colors hover:bg-hover hover:text-ink"
                aria-label=label
                on:click=move |_| attachments.remove(index)
            >
                <Icon glyph=Glyph::Close />
            </button>
        </span>
    }
    .into_any()
}

/// The files of a message that was sent; nothing where it has none.
#[must_use]
pub fn sent_files(parts: &[Part]) -> Option<AnyView> {
    let files: Vec<AnyView> = parts.iter().filter_map(sent_file).collect();
    let shown = move || {
        view! { <div class="flex flex-wrap items-end justify-end gap-2 pb-2">{files}</div> }
            .into_any()
    };
    parts.iter().any(|part| matches!(part, Part::File { .. })).then(shown)
}

fn sent_file(file: &Part) -> Option<AnyView> {
    let Part::File { url, .. } = file else { return None };
    let name = name_of(file);
    if !is_shown(url) {
        return Some(view! { <span class="text-sm text-muted">{name}</span> }.into_any());
    }
    let shown = picture(file, "max-h-[16rem] max-w-full rounded-xl");
    let class = if shown.is_some() { "block max-w-full" } else { FILE_CLASS };
    let label = shown.is_none().then(|| name.clone());
    Some(
        view! {
            <a
                href=url.clone()
                target="_blank"
                rel="external noopener"
                class=class
                data-testid="message-file"
                title=name
            >
                {shown}
                {label}
            </a>
        }
        .into_any(),
    )
}

fn picture(file: &Part, class: &'static str) -> Option<AnyView> {
    let Part::File { url, media_type, .. } = file else { return None };
    let safe = media_type.starts_with("image/") && is_shown(url);
    safe.then(|| view! { <img src=url.clone() alt=name_of(file) class=class /> }.into_any())
}

/// Whether an address is that of a file of a conversation's, or is a picture itself.
fn is_shown(url: &str) -> bool {
    let own = url.strip_prefix("/agents/").and_then(|rest| rest.strip_prefix(ASSISTANT_AGENT));
    let own = own.is_some_and(|rest| rest.starts_with('/') && !rest.contains(".."));
    // SVG is none: it can hold scripts.
    own || ["png", "jpeg", "gif", "webp"].iter().any(|kind| {
        url.strip_prefix("data:image/")
            .and_then(|url| url.strip_prefix(kind))
            .is_some_and(|rest| rest.starts_with(";base64,"))
    })
}

fn name_of(file: &Part) -> String {
    match file {
        Part::File { filename: Some(name), .. } => name.clone(),
        _ => t().a_file().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_shown;

    #[test]
    fn files_of_conversations_and_pictures_are_shown() {
        for url in ["/agents/assistant/x/files/1", "data:image/png;base64,AA=="] {
            assert!(is_shown(url), "{url}");
        }
        for url in [
            "/agents/assistants/x",
            "/agents/assistant/../../sign-out",
            "//xss.invalid/x.png",
            "https://xss.invalid/x.png",
            "data:image/svg+xml;base64,AA==",
            "data:image/<script>",
            "data:image/png,<script>",
            "javascript:alert(1)",
        ] {
            assert!(!is_shown(url), "{url}");
        }
    }
}
