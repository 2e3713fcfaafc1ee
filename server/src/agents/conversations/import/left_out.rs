//! What of a file was not imported, and why.

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
    pub(in super::super) fn words(&self) -> Option<String> {
        let one_or_many = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {many}")),
        };
        let unreadable = one_or_many(
            self.unreadable,
            "entry that cannot be read",
            "entries that cannot be read",
        );
        let reasons = [
            unreadable.map(|words| format!("{words} ({})", self.why)),
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
        (!reasons.is_empty()).then(|| format!("Left out: {}.", reasons.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_said_with_its_reasons() {
        let mut left_out = LeftOut::default();
        assert_eq!(left_out.words(), None);
        left_out.unreadable("no title");
        left_out.unreadable("another reason");
        left_out.empty();
        left_out.missing_files = 2;
        let expected = "Left out: 2 entries that cannot be read (no title), 1 without a message, \
                        2 attachments that are not in the file.";
        assert_eq!(left_out.words().as_deref(), Some(expected));
    }
}
