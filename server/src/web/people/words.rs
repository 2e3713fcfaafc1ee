//! What people are told on pages, in their language. Programs, logs and the command line are told the same
//! in English, by [`PeopleError`] itself.

use std::time::Duration;

use domovoi_app::language::Lang;

use crate::people::PeopleError;

/// Why something could not be done.
pub(super) fn of_error(error: &PeopleError, lang: Lang) -> String {
    let text = match error {
        PeopleError::Database(_)
        | PeopleError::Migration(_)
        | PeopleError::Folder { .. }
        | PeopleError::Secret(_) => lang.accounts_unavailable(),
        PeopleError::Name => lang.error_name(),
        PeopleError::NameTaken(name) => return lang.error_name_taken(name),
        PeopleError::PasswordTooShort => lang.error_password_too_short(),
        PeopleError::PasswordTooLong => lang.error_password_too_long(),
        PeopleError::PasswordIsName => lang.error_password_is_name(),
        PeopleError::WrongPassword => lang.error_wrong_password(),
        PeopleError::Nobody(name) => return lang.error_nobody(name),
        PeopleError::Gone => lang.error_gone(),
        PeopleError::OwnerExists => lang.error_owner_exists(),
        PeopleError::OwnerStays => lang.error_owner_stays(),
        PeopleError::FirstIsOwner => lang.error_first_is_owner(),
        PeopleError::Role(name) => return lang.error_role(name),
        PeopleError::NotAllowed => lang.error_not_allowed(),
        PeopleError::Invitation => lang.error_invitation(),
        PeopleError::TokenName(name) => return lang.error_token_name(name),
        PeopleError::Quota => lang.error_quota(),
        PeopleError::ShareTooLarge(most) => return lang.error_share_too_large(most),
        PeopleError::NoScope => lang.error_no_scope(),
        PeopleError::TokenDays => lang.error_token_days(),
        PeopleError::TooManyTokens(most) => return lang.error_too_many_tokens(most),
        PeopleError::IdentityTaken => lang.error_identity_taken(),
        PeopleError::LastWayIn => lang.error_last_way_in(),
        PeopleError::NotProven => lang.error_not_proven(),
        PeopleError::NoToken(name) => return lang.error_no_token(name),
    };
    text.to_owned()
}

/// What somebody is told who guessed too often.
pub(super) fn of_wait(wait: Duration, lang: Lang) -> String {
    lang.too_many_attempts(wait.as_secs().div_ceil(60))
}

/// What happened, by its name in the log.
pub(super) fn of_event(event: &str, lang: Lang) -> String {
    let words = match event {
        "signed in" => lang.event_signed_in(),
        "sign-in failed" => lang.event_sign_in_failed(),
        "signed out" => lang.event_signed_out(),
        "added" => lang.event_added(),
        "removed" => lang.event_removed(),
        "password changed" => lang.event_password_changed(),
        "role changed" => lang.event_role_changed(),
        "session revoked" => lang.event_session_revoked(),
        "invited" => lang.event_invited(),
        "invitation revoked" => lang.event_invitation_revoked(),
        "token added" => lang.event_token_added(),
        "token revoked" => lang.event_token_revoked(),
        "conversation shared" => lang.event_shared(),
        "link taken back" => lang.event_share_revoked(),
        "limits changed" => lang.event_quota_changed(),
        "identity linked" => lang.event_identity_linked(),
        "identity unlinked" => lang.event_identity_unlinked(),
        "data deleted" => lang.event_purged(),
        "unlocked SQL" => lang.event_sql_unlocked(),
        other => other,
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_say_in_english_what_the_command_line_says() {
        let name = || "anna".to_owned();
        for error in [
            PeopleError::Name,
            PeopleError::NameTaken(name()),
            PeopleError::PasswordTooShort,
            PeopleError::PasswordTooLong,
            PeopleError::PasswordIsName,
            PeopleError::WrongPassword,
            PeopleError::Nobody(name()),
            PeopleError::Gone,
            PeopleError::OwnerExists,
            PeopleError::OwnerStays,
            PeopleError::FirstIsOwner,
            PeopleError::Role(name()),
            PeopleError::NotAllowed,
            PeopleError::Invitation,
            PeopleError::TokenName(name()),
            PeopleError::Quota,
            PeopleError::ShareTooLarge(3),
            PeopleError::NoScope,
            PeopleError::TokenDays,
            PeopleError::TooManyTokens(3),
            PeopleError::IdentityTaken,
            PeopleError::LastWayIn,
            PeopleError::NotProven,
            PeopleError::NoToken(name()),
        ] {
            let (page, line) = (of_error(&error, Lang::En), error.to_string());
            assert_eq!(page.to_lowercase().trim_end_matches('.'), line.to_lowercase());
            assert_ne!(of_error(&error, Lang::De), page);
        }
    }
}
