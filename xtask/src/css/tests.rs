//! Every class that `app` uses has a rule, and the stylesheet is put together in order.

use encre_css::Preflight;

use super::{FILES, classes_without_rule, compact, config};
use crate::workspace::Workspace;

#[test]
fn every_class_used_in_app_yields_a_rule() {
    let workspace = Workspace::find().expect("inside the repository");
    let missing = classes_without_rule(&workspace).expect("readable sources");
    assert!(
        missing.is_empty(),
        "classes without a rule; correct them or write them in a file of style:\n{}",
        missing.join("\n")
    );
}

#[test]
fn no_file_of_styles_is_left_out() {
    let folder = Workspace::find().expect("inside the repository").path("style");
    let names = folder.read_dir().expect("the folder").map(|entry| entry.expect("a file").path());
    let mut names: Vec<_> =
        names.filter(|file| file.extension().is_some_and(|it| it == "css")).collect();
    names.sort();
    let mut listed = FILES.map(|name| folder.join(name).with_extension("css"));
    listed.sort();
    assert_eq!(names, listed);
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
fn utilities_of_our_own() {
    let mut config = config("no such file".as_ref()).expect("the default");
    config.preflight = Preflight::new_none();
    let css = encre_css::generate(["md:size-3.5", "outline-none"], &config);
    assert!(css.contains("width: 0.875rem;"), "{css}");
    assert!(css.contains("height: 0.875rem;"), "{css}");
    assert!(css.contains("outline-style: none;"), "{css}");
}

#[test]
fn compacting_keeps_strings_and_drops_comments() {
    assert_eq!(
        compact("a {\n  content: \"/* kept */\";\n\n  /* dropped\n */ color: red;\n}\n"),
        "a {\ncontent: \"/* kept */\";\ncolor: red;\n}\n"
    );
    assert_eq!(compact(r"a::after { content: '\'/*'; }"), "a::after { content: '\\'/*'; }\n");
}
