//! The `domovoi` binary: the server with the agents it comes with.

use std::process::ExitCode;

fn main() -> ExitCode {
    domovoi::Domovoi::new().run()
}
