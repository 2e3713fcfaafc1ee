//! The program of the pages of agents at work.

fn main() {
    domovoi_frontend::hydrate(domovoi_app::pages::WORK);
}
