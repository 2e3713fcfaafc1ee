//! What of a file was not imported, and why.

use domovoi_app::language::Lang;

use crate::languages::say;

/// Counts what was left out.
#[derive(Debug, Default, PartialEq)]
pub(in super::super) struct LeftOut {
    unreadable: usize,
    /// Why the first of these cannot be read.
    why: String,
    empty: usize,
    /// Attachments that are named in the file and not in it.
    pub(super) missing_files: usize,
    /// Attachments that conversations cannot have.
    pub(in super::super) refused_files: usize,
}

impl LeftOut {
    /// An entry that is no conversation, or one that is damaged.
    pub(super) fn unreadable(&mut self, why: impl Into<String>) {
        if self.unreadable == 0 {
            self.why = why.into();
        }
        self.unreadable += 1;
    }

    /// A conversation in which nobody says anything.
    pub(super) fn empty(&mut self) {
        self.empty += 1;
    }

    /// In words for a person; nothing where nothing was left out.
    pub(in super::super) fn words(&self, lang: Lang) -> Option<String> {
        let one_or_many = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(say(&format!("1 {one}"), lang)),
            _ => Some(say(&format!("{count} {many}"), lang)),
        };
        let unreadable = one_or_many(
            self.unreadable,
            "entry that cannot be read",
            "entries that cannot be read",
        );
        let reasons = [
            unreadable.map(|words| format!("{words} ({})", say(&self.why, lang))),
            one_or_many(self.empty, "without a message", "without a message"),
            one_or_many(
                self.missing_files,
                "attachment that is not in the file",
                "attachments that are not in the file",
            ),
            one_or_many(
                self.refused_files,
                "attachment that is no image, PDF or text, or too large",
                "attachments that are no image, PDF or text, or too large",
            ),
        ];
        let reasons: Vec<String> = reasons.into_iter().flatten().collect();
        (!reasons.is_empty()).then(|| say(&format!("Left out: {}.", reasons.join(", ")), lang))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_said_with_its_reasons() {
        let mut left_out = LeftOut::default();
        assert_eq!(left_out.words(Lang::En), None);
        left_out.unreadable("no title");
        left_out.unreadable("another reason");
        left_out.empty();
        left_out.missing_files = 2;
        let expected = "Left out: 2 entries that cannot be read (no title), 1 without a message, \
                        2 attachments that are not in the file.";
        assert_eq!(left_out.words(Lang::En).as_deref(), Some(expected));
        let expected = "Ausgelassen: 2 Einträge, die nicht gelesen werden können (no title), 1 ohne \
                        eine Nachricht, 2 Anhänge, die nicht in der Datei sind.";
        assert_eq!(left_out.words(Lang::De).as_deref(), Some(expected));
    }
}
