//! Every class that `app` uses has a rule, and the stylesheet is put together in order.

use std::{collections::BTreeSet, fs};

use encre_css::Preflight;

use super::{base, compact, config};
use crate::{class_scan, source_files::files_below, workspace::Workspace};

#[test]
fn every_class_used_in_app_yields_a_rule() {
    let workspace = Workspace::find().expect("inside the repository");
    let mut config = config(&workspace.path("style/encre.toml")).expect("style/encre.toml");
    config.preflight = Preflight::new_none();
    config.safelist = encre_css::config::Safelist::default();
    let base = base(&workspace.path("style/base.css")).expect("style/base.css");
    let hooks = class_scan::selectors(&base);

    let mut missing = BTreeSet::new();
    for file in files_below(&workspace.path("app/src"), &["rs"]).expect("app/src") {
        let source = fs::read_to_string(&file).expect("a source file");
        for class in class_scan::classes(&source).expect("valid Rust") {
            let known = hooks.contains(&class)
                || !encre_css::generate([class.as_str()], &config).is_empty();
            if !known {
                missing.insert(format!("{class}  ({})", file.display()));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "classes without a rule; correct them or write them in style/base.css:\n{}",
        missing.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn an_unknown_class_yields_nothing() {
    let mut config = config("no such file".as_ref()).expect("the default");
    config.preflight = Preflight::new_none();
    assert!(encre_css::generate(["no-such-class"], &config).is_empty());
    assert!(!encre_css::generate(["md:hover:bg-red-500"], &config).is_empty());
    assert!(!encre_css::generate(["prose"], &config).is_empty());
}

#[test]
fn compacting_keeps_strings_and_drops_comments() {
    assert_eq!(
        compact("a {\n  content: \"/* kept */\";\n\n  /* dropped\n */ color: red;\n}\n"),
        "a {\ncontent: \"/* kept */\";\ncolor: red;\n}\n"
    );
    assert_eq!(compact(r"a::after { content: '\'/*'; }"), "a::after { content: '\\'/*'; }\n");
}
