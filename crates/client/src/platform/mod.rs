//! What differs between a native program and a page: sockets, tasks, time.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(not(target_arch = "wasm32"))]
pub use native::MaybeSend;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::{Callback, Wake, callback, default_base, run, sleep, spawn, timeout};

#[cfg(target_arch = "wasm32")]
mod web;
#[cfg(target_arch = "wasm32")]
pub use web::MaybeSend;
#[cfg(target_arch = "wasm32")]
pub(crate) use web::{Callback, Wake, callback, default_base, run, sleep, spawn, timeout};
