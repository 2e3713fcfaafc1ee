//! Says which web assets the binary carries, and builds it again when they have changed.
//!
//! With `DOMOVOI_EMBED=off`, as under `cargo xtask dev`, it carries none: they are read from the
//! folder `DOMOVOI_ASSETS` names at run time, so a new bundle alone is no reason to build.

fn main() {
    println!("cargo:rerun-if-env-changed=DOMOVOI_EMBED");
    let dist = if std::env::var("DOMOVOI_EMBED").is_ok_and(|value| value == "off") {
        // A folder that is not there is embedded as an empty one.
        "target/dist/none"
    } else {
        println!("cargo:rerun-if-changed=../target/dist/manifest.json");
        "target/dist"
    };
    println!("cargo:rustc-env=DOMOVOI_DIST={dist}");
    // Names of functions are a quarter of the file, and of use to those only who build it themselves:
    // the host of the tests, which is profiled, keeps them.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo:rustc-link-arg-bin=domovoi=-Wl,--strip-all");
    }
}
