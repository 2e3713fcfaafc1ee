//! The worker of the embedded model as a program of its own, for tests; the application runs
//! itself instead, with the argument `model-worker`.

use std::process::ExitCode;

fn main() -> ExitCode {
    domovoi_models::worker::run()
}
