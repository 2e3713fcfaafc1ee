//! Files on their way into a message: uploaded as soon as they are chosen, sent with the text.

use domovoi_protocol::Part;
use leptos::{
    prelude::*,
    task::spawn_local,
    wasm_bindgen::{JsCast, JsValue},
};

use super::http;
use crate::language::t;
use crate::types::{MAX_FILE_BYTES, MAX_FILES};

/// The files of the message that is being written.
#[derive(Clone, Copy)]
pub struct Attachments {
    /// Those that are with the server: parts of the message.
    pub files: RwSignal<Vec<Part>>,
    /// How many are on their way.
    pub coming: RwSignal<usize>,
    /// What cannot be attached, and why.
    pub problem: RwSignal<Option<String>>,
    folder: StoredValue<String>,
}

/// Files for the conversation at `path`, an instance's.
pub fn use_attachments(path: &str) -> Attachments {
    Attachments {
        files: RwSignal::new(Vec::new()),
        coming: RwSignal::new(0),
        problem: RwSignal::new(None),
        folder: StoredValue::new(format!("{path}/files")),
    }
}

impl Attachments {
    /// Whether a message can be sent: all its files are with the server.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.coming.get() == 0
    }

    /// Adds files.
    pub fn add_all(&self, files: Vec<JsValue>) {
        self.problem.set(None);
        for file in files {
            self.add(file);
        }
    }

    fn add(&self, file: JsValue) {
        let this = *self;
        let field = |name: &str| js_sys::Reflect::get(&file, &name.into()).unwrap_or_default();
        let name = field("name").as_string().filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| "file".to_owned());
        if field("size").as_f64().is_some_and(|bytes| bytes > MAX_FILE_BYTES as f64) {
            let most = MAX_FILE_BYTES / 1_000_000;
            return this.refuse(t().file_is_larger(most, name));
        }
        if this.files.with_untracked(Vec::len) + this.coming.get_untracked() >= MAX_FILES {
            return this.refuse(t().too_many_files(MAX_FILES));
        }
        this.coming.update(|coming| *coming += 1);
        let folder = this.folder.get_value();
        spawn_local(async move {
            let added = http::upload(&folder, &name, file).await;
            if this.coming.try_update(|coming| *coming -= 1).is_none() {
                return;
            }
            match added {
                Ok(part) => this.files.update(|files| files.push(part)),
                Err(problem) => this.refuse(problem),
            }
        });
    }

    fn refuse(&self, problem: String) {
        self.problem.set(Some(problem));
    }

    /// Takes a file out again.
    pub fn remove(&self, index: usize) {
        self.files.update(|files| {
            if index < files.len() {
                files.remove(index);
            }
        });
    }

    /// The files, for the message that is sent now.
    #[must_use]
    pub fn take(&self) -> Vec<Part> {
        self.problem.set(None);
        self.files.try_update(std::mem::take).unwrap_or_default()
    }

    /// Takes what was pasted or dropped, where it is files.
    pub fn on_transfer(&self, event: &leptos::web_sys::Event, transfer: &str) {
        let data = js_sys::Reflect::get(event.unchecked_ref(), &transfer.into());
        let files = data.map(|data| files_of(&data)).unwrap_or_default();
        if !files.is_empty() {
            self.add_all(files);
            event.prevent_default();
        }
    }
}

/// The files of an input, a paste or a drop: of what has `files`.
pub fn files_of(source: &JsValue) -> Vec<JsValue> {
    let files = js_sys::Reflect::get(source, &"files".into()).unwrap_or_default();
    js_sys::Array::from(&files).to_vec()
}
