//! Who may come in, and as what: nobody whom the configuration does not name.

use serde_json::Value;

use super::Claims;
use crate::{config::OpenIdConfig, people::Role};

impl OpenIdConfig {
    /// The role of whoever these claims are of; none where they may not come in.
    pub(super) fn role_of(&self, claims: &Claims) -> Option<Role> {
        let groups = match claims.other.get(&self.roles_claim) {
            Some(Value::String(group)) => vec![group.as_str()],
            Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        };
        let roles = groups.into_iter().filter_map(|group| self.roles.get(group));
        let roles = roles.filter_map(|role| Role::from_name(role).ok());
        let by_group = roles.filter(|role| *role != Role::Owner).max();
        by_group.or_else(|| self.has_email(claims).then_some(Role::Member))
    }

    /// Whether the provider has verified an address that may come in.
    fn has_email(&self, claims: &Claims) -> bool {
        let Some(email) = claims.verified_email() else { return false };
        let domain = email.rsplit_once('@').map(|(_, domain)| domain);
        self.emails.iter().any(|it| it.eq_ignore_ascii_case(email))
            || domain.is_some_and(|domain| {
                self.email_domains.iter().any(|it| it.eq_ignore_ascii_case(domain))
            })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Config;

    #[test]
    fn nobody_comes_in_who_is_not_named() {
        let config = |more: &str| {
            let text = format!("[openid]\nissuer = 'https://id.example'\nclient_id = 'x'\n{more}");
            Config::parse(&text).unwrap().openid.unwrap()
        };
        let who = |email: &str, verified: bool, groups: Value| -> Claims {
            let claims = json!({"iss": "i", "sub": "s", "aud": "x", "email": email,
                "email_verified": verified, "groups": groups});
            serde_json::from_value(claims).unwrap()
        };
        let anna = who("Anna@Example.com", true, json!(["staff", "chiefs"]));
        assert_eq!(config("").role_of(&anna), None);
        assert_eq!(config("emails = ['anna@example.com']").role_of(&anna), Some(Role::Member));
        let domain = config("email_domains = ['example.com']");
        assert_eq!(domain.role_of(&anna), Some(Role::Member));
        assert_eq!(domain.role_of(&who("anna@example.com", false, json!([]))), None);
        for other in
            ["x@evil-example.com", "x@example.com.evil", "example.com", "x@sub.example.com"]
        {
            assert_eq!(domain.role_of(&who(other, true, json!([]))), None, "{other}");
        }
        let groups = config("[openid.roles]\nstaff = 'member'\nchiefs = 'admin'\nkings = 'owner'");
        assert_eq!(groups.role_of(&anna), Some(Role::Admin));
        assert_eq!(groups.role_of(&who("", false, json!("staff"))), Some(Role::Member));
        assert_eq!(groups.role_of(&who("", false, json!(["kings"]))), None, "nobody is made owner");
    }
}
