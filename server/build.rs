//! Builds the binary again when the web assets it carries have changed.

fn main() {
    println!("cargo:rerun-if-changed=../target/dist/manifest.json");
}
