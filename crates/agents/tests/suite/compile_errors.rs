//! What the compiler says about wrong code: `ui/*.rs` with the words in `ui/*.stderr`.
//!
//! `TRYBUILD=overwrite cargo test -p domovoi-agents --test suite compile_errors` writes the words anew.
//! They are those of the toolchain in `rust-toolchain.toml`.

#[test]
fn compile_errors() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
