//! The program of the page of conversations.

fn main() {
    domovoi_frontend::hydrate(domovoi_app::pages::CHAT);
}
