//! The code of the README and the guide is the code of the examples, to the letter.

use std::{fs, path::Path};

#[test]
fn every_rust_block_stands_in_an_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let files = |folder: &Path, ending: &str| -> Vec<(String, String)> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|found| found == ending))
            .map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()))
            .collect()
    };
    let examples = files(&root.join("examples"), "rs");
    let mut pages = files(&root.join("docs/guide"), "md");
    pages.extend(files(root, "md"));
    let mut blocks = 0;
    for (page, text) in &pages {
        for block in text.split("```rust\n").skip(1) {
            let code = block.split("```").next().unwrap();
            blocks += 1;
            assert!(
                examples.iter().any(|(_, example)| example.contains(code)),
                "{page} shows code that no example has:\n{code}"
            );
        }
    }
    assert!(blocks >= 4, "the pages show code");
}
