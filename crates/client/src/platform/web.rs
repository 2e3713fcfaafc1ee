//! Sockets of a browser. Messages are handled within the socket's own callback.

use std::{future::Future, time::Duration};

use futures::{
    channel::oneshot,
    future::{Either, select},
};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use crate::{
    ClientEvent,
    link::{Ending, Link, Message},
};

/// `Send` natively, nothing in a browser, where everything stays on one thread.
pub trait MaybeSend {}
impl<T> MaybeSend for T {}

pub(crate) type Callback = SendWrapper<Box<dyn FnMut(&ClientEvent)>>;

pub(crate) fn callback(callback: impl FnMut(&ClientEvent) + 'static) -> Callback {
    SendWrapper::new(Box::new(callback))
}

pub(crate) fn default_base() -> String {
    let origin = web_sys::window().and_then(|window| window.location().origin().ok());
    origin.unwrap_or_else(|| "ws://127.0.0.1:8787".to_owned())
}

/// Always true: a page always has its event loop.
pub(crate) fn spawn(task: impl Future<Output = ()> + 'static) -> bool {
    wasm_bindgen_futures::spawn_local(task);
    true
}

pub(crate) async fn sleep(duration: Duration) {
    let millis = i32::try_from(duration.as_millis()).unwrap_or(i32::MAX);
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        if let Some(window) = web_sys::window() {
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis);
        }
    });
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}

/// `None` where the time is over first.
pub(crate) async fn timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    match select(std::pin::pin!(future), std::pin::pin!(sleep(limit))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}

/// Sends what waits to be sent, at once.
#[derive(Clone)]
pub(crate) struct Wake(SendWrapper<WebSocket>);

impl Wake {
    pub(crate) fn wake(&self, link: &Link) {
        // A socket that is closing swallows what it is given; calls then fail with it.
        while self.0.ready_state() == WebSocket::OPEN {
            let Some(message) = link.next_outgoing() else {
                return;
            };
            let _ = match message {
                Message::Text(text) => self.0.send_with_str(&text),
                Message::Binary(bytes) => self.0.send_with_u8_array(&bytes),
            };
        }
    }
}

/// Opens a socket and serves it until it closes.
pub(crate) async fn run(
    link: &std::sync::Arc<Link>,
    closing: &mut oneshot::Receiver<()>,
) -> Ending {
    let socket = match WebSocket::new(&link.options.socket_url()) {
        Ok(socket) => socket,
        Err(error) => {
            return Ending { code: 1006, reason: describe(&error), terminal: true };
        }
    };
    let (end, ended) = oneshot::channel();
    let handlers = Handlers::attach(&socket, link, end);
    match select(ended, closing).await {
        Either::Left((ending, _)) => {
            ending.unwrap_or_else(|_| Ending::by_code(1006, String::new()))
        }
        Either::Right(_) => {
            drop(handlers);
            Wake(SendWrapper::new(socket.clone())).wake(link);
            let _ = socket.close_with_code(1000);
            Ending::by_code(1000, String::new())
        }
    }
}

/// The socket's callbacks, taken off when dropped.
struct Handlers {
    socket: WebSocket,
    _open: Closure<dyn FnMut()>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _close: Closure<dyn FnMut(CloseEvent)>,
}

impl Handlers {
    fn attach(
        socket: &WebSocket,
        link: &std::sync::Arc<Link>,
        end: oneshot::Sender<Ending>,
    ) -> Self {
        socket.set_binary_type(BinaryType::Arraybuffer);
        let open = {
            let (link, socket) = (link.clone(), socket.clone());
            Closure::<dyn FnMut()>::new(move || link.opened(Wake(SendWrapper::new(socket.clone()))))
        };
        let message = {
            let link = link.clone();
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                let data = event.data();
                if let Some(text) = data.as_string() {
                    link.received_text(&text);
                } else if let Ok(buffer) = data.dyn_into::<js_sys::ArrayBuffer>() {
                    link.received_binary(js_sys::Uint8Array::new(&buffer).to_vec());
                }
            })
        };
        let mut end = Some(end);
        let close = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            if let Some(end) = end.take() {
                let _ = end.send(Ending::by_code(event.code(), event.reason()));
            }
        });
        socket.set_onopen(Some(open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(close.as_ref().unchecked_ref()));
        Self { socket: socket.clone(), _open: open, _message: message, _close: close }
    }
}

impl Drop for Handlers {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
    }
}

fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    }
}
