//! Sockets of a browser. Messages are handled within the socket's own callback.

use std::{cell::Cell, future::Future, rc::Rc, time::Duration};

use futures::{
    channel::oneshot,
    future::{Either, select},
};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket, Window};

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

/// Where nothing was heard for this long, in milliseconds, a socket need not be what it was when
/// somebody comes back to the page: a telephone that slept is told of no loss.
const SILENCE: f64 = 30_000.0;

/// What a page is told that is looked at again, or has a network again.
const RETURNS: [&str; 2] = ["visibilitychange", "online"];

/// How long a socket may have been silent that is relied upon after this event.
fn silence_after(event: &Event) -> f64 {
    let document = web_sys::window().and_then(|window| window.document());
    match event.type_() == "online" {
        // Another network has none of the sockets of the one before.
        true => 0.0,
        // Nobody comes back to a page that is hidden.
        false if document.is_some_and(|document| document.hidden()) => f64::INFINITY,
        false => SILENCE,
    }
}

/// Opens a socket and serves it until it closes, or is not to be relied upon any more.
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
            drop(handlers);
            // One that leads nowhere is open still.
            let _ = socket.close();
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
    back: Closure<dyn FnMut(Event)>,
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
        let heard = Rc::new(Cell::new(js_sys::Date::now()));
        let message = {
            let (link, heard) = (link.clone(), heard.clone());
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                heard.set(js_sys::Date::now());
                let data = event.data();
                if let Some(text) = data.as_string() {
                    link.received_text(&text);
                } else if let Ok(buffer) = data.dyn_into::<js_sys::ArrayBuffer>() {
                    link.received_binary(js_sys::Uint8Array::new(&buffer).to_vec());
                }
            })
        };
        let end = Rc::new(Cell::new(Some(end)));
        let end_of = |end: &Cell<Option<oneshot::Sender<Ending>>>, code, reason| {
            if let Some(end) = end.take() {
                let _ = end.send(Ending::by_code(code, reason));
            }
        };
        let back = {
            let end = end.clone();
            Closure::<dyn FnMut(Event)>::new(move |event: Event| {
                // A clock that was set back says nothing either.
                let silent = js_sys::Date::now() - heard.get();
                if !(0.0..silence_after(&event)).contains(&silent) {
                    end_of(&end, 1006, String::new());
                }
            })
        };
        let close = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            end_of(&end, event.code(), event.reason());
        });
        socket.set_onopen(Some(open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(close.as_ref().unchecked_ref()));
        for (window, name) in places() {
            let back = back.as_ref().unchecked_ref();
            let _ = window.add_event_listener_with_callback(name, back);
        }
        Self { socket: socket.clone(), _open: open, _message: message, _close: close, back }
    }
}

impl Drop for Handlers {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        for (window, name) in places() {
            let back = self.back.as_ref().unchecked_ref();
            let _ = window.remove_event_listener_with_callback(name, back);
        }
    }
}

fn places() -> impl Iterator<Item = (Window, &'static str)> {
    RETURNS.into_iter().filter_map(|name| Some((web_sys::window()?, name)))
}

fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    }
}
