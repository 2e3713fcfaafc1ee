//! `/usage`: what models were asked and what it cost, and what people may use.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Form,
    extract::{Path, Query, State},
    response::Response,
};
use domovoi_app::{
    account::{Chart, QuotaForm, Usage, UsedRow},
    language::{speaking, t},
    units,
};
use domovoi_models::gateway::{Limit, Period, Spent, StoreError, Subject, Used};
use http::StatusCode;
use serde::Deserialize;

use super::{Entrance, answer, resident::Resident};
use crate::people::{PeopleError, Person, PersonId, now};

/// Days that are shown.
const DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Whom a page is about.
#[derive(Clone, Copy)]
enum Of<'a> {
    /// All requests: nobody has an account.
    All,
    /// One person, in their own words or in those of whoever looks after them.
    Person(&'a Person),
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
}

/// `GET /usage`: one's own, and everybody's below it for those who look after them.
pub(super) async fn own(State(entrance): State<Arc<Entrance>>, resident: Resident) -> Response {
    let of = resident.person.as_ref().map_or(Of::All, Of::Person);
    let page = speaking(resident.client.look.lang, || {
        let mut page = page(&entrance, of)?;
        t().your_usage().clone_into(&mut page.title);
        if resident.is_above_others() {
            page.people = people(&entrance)?;
        }
        Ok(page)
    });
    show(&resident, StatusCode::OK, page)
}

/// `GET /usage/people/{id}`: somebody's, for those who look after others.
pub(super) async fn of_person(
    State(entrance): State<Arc<Entrance>>,
    resident: Resident,
    Path(id): Path<String>,
    Query(Asked { done }): Query<Asked>,
) -> Response {
    match whom(&entrance, &resident, &id) {
        Ok(person) => {
            let page = person_page(&entrance, &resident, &person).map(|mut page| {
                let words = resident.client.look.lang.limits_are_set();
                page.done = (done == "quota").then(|| words.to_owned());
                page
            });
            show(&resident, StatusCode::OK, page)
        }
        Err(error) => answer::failed(&error, &resident.client.look),
    }
}

#[derive(Deserialize)]
pub(super) struct Quota {
    #[serde(flatten)]
    fields: BTreeMap<String, String>,
}

/// `POST /usage/people/{id}/quota`: what somebody may use; for the owner.
pub(super) async fn set_quota(
    State(entrance): State<Arc<Entrance>>,
    resident: Resident,
    Path(id): Path<String>,
    Form(Quota { fields }): Form<Quota>,
) -> Response {
    let set = || {
        let person = whom(&entrance, &resident, &id)?;
        if !resident.is_owner() {
            return Err(PeopleError::NotAllowed);
        }
        let limit = match fields.contains_key("reset") {
            true => None,
            false => Some(read(&fields)?),
        };
        entrance.people.set_quota(&resident.by(), &person.id, limit.as_ref())?;
        entrance.apply_quotas()?;
        Ok(person)
    };
    match set() {
        Ok(_) => answer::to(&format!("/usage/people/{id}?done=quota")),
        Err(error @ PeopleError::Quota) => {
            let (status, words) = answer::status_and_words(&error, resident.client.look.lang);
            let page = whom(&entrance, &resident, &id).map_err(StoreError::from);
            let page = page.and_then(|person| person_page(&entrance, &resident, &person));
            show(&resident, status, page.map(|page| Usage { problem: Some(words), ..page }))
        }
        Err(error) => answer::failed(&error, &resident.client.look),
    }
}

/// The person with this id, where the resident may look at them.
fn whom(entrance: &Entrance, resident: &Resident, id: &str) -> Result<Person, PeopleError> {
    if !resident.is_above_others() {
        return Err(PeopleError::NotAllowed);
    }
    entrance.people.with_id(&PersonId::from_form(id))?.ok_or(PeopleError::Gone)
}

fn show(resident: &Resident, status: StatusCode, page: Result<Usage, StoreError>) -> Response {
    let look = &resident.client.look;
    match page {
        Ok(page) => answer::page(status, page.render(look)),
        Err(error) => {
            tracing::warn!(%error, "the log of requests cannot be read");
            let text = look.lang.log_of_requests_unreadable().to_owned();
            let page = domovoi_app::account::Closed { title: look.lang.that_did_not_work(), text };
            answer::page(StatusCode::INTERNAL_SERVER_ERROR, page.render(look))
        }
    }
}

fn person_page(
    entrance: &Entrance,
    resident: &Resident,
    person: &Person,
) -> Result<Usage, StoreError> {
    speaking(resident.client.look.lang, || {
        let mut page = page(entrance, Of::Person(person))?;
        page.title = t().usage_of(&person.name);
        if resident.is_owner() {
            page.quota = Some(quota_form(entrance, person)?);
        }
        Ok(page)
    })
}

fn page(entrance: &Entrance, of: Of<'_>) -> Result<Usage, StoreError> {
    let first = Period::Day.begin(now()) - (DAYS - 1) * DAY_MS;
    let name = match of {
        Of::All => None,
        Of::Person(person) => Some(person.name.as_str()),
    };
    let used = entrance.gateway.used(name, first)?;
    let days: Vec<(i64, Spent)> =
        (0..DAYS).map(|day| first + day * DAY_MS).map(|day| (day, sum_of(&used, day))).collect();
    let mut models: BTreeMap<&str, Spent> = BTreeMap::new();
    for it in &used {
        add(models.entry(it.model.as_deref().unwrap_or(t().no_model())).or_default(), &it.spent);
    }
    let mut models: Vec<_> = models.into_iter().collect();
    models.sort_by_key(|(_, spent)| std::cmp::Reverse(spent.tokens));
    let some = days.iter().rev().filter(|(_, spent)| spent.requests > 0);
    Ok(Usage {
        charts: charts(&days),
        spent: spent_of(entrance, name.unwrap_or_default())?,
        models: models.into_iter().map(|(name, spent)| row(name, None, &spent)).collect(),
        days: some.map(|(day, spent)| row(&date(*day), None, spent)).collect(),
        ..Usage::default()
    })
}

/// Everybody, with what they have used this month.
fn people(entrance: &Entrance) -> Result<Vec<UsedRow>, StoreError> {
    let used = entrance.gateway.used(None, Period::Month.begin(now()))?;
    let mut sums: BTreeMap<String, Spent> = BTreeMap::new();
    for it in &used {
        add(sums.entry(it.user.clone().unwrap_or_default()).or_default(), &it.spent);
    }
    let mut rows = Vec::new();
    for person in entrance.people.everybody()? {
        let spent = sums.remove(&person.name).unwrap_or_default();
        let href = format!("/usage/people/{}", person.id.as_str());
        rows.push(row(&person.name, Some(href), &spent));
    }
    // Those who are gone, and requests that are nobody's.
    rows.extend(
        sums.iter().map(|(name, spent)| {
            row(if name.is_empty() { t().nobody() } else { name }, None, spent)
        }),
    );
    Ok(rows)
}

fn sum_of(used: &[Used], day: i64) -> Spent {
    let mut sum = Spent::default();
    used.iter().filter(|it| it.day == day).for_each(|it| add(&mut sum, &it.spent));
    sum
}

fn add(sum: &mut Spent, more: &Spent) {
    sum.requests += more.requests;
    sum.tokens += more.tokens;
    sum.money += more.money;
}

fn charts(days: &[(i64, Spent)]) -> Vec<Chart> {
    let chart = |what, value: fn(&Spent) -> f64, words: fn(f64) -> String| Chart {
        what,
        sum: words(days.iter().map(|(_, spent)| value(spent)).sum()),
        bars: days
            .iter()
            .map(|(day, spent)| (format!("{}: {}", date(*day), words(value(spent))), value(spent)))
            .collect(),
    };
    let whole = |value: f64| count(value as u64);
    vec![
        chart(t().tokens(), |spent| spent.tokens as f64, whole),
        chart(t().requests(), |spent| spent.requests as f64, whole),
        chart(t().money(), |spent| spent.money, units::money),
    ]
}

/// What is used up of each limit there is.
fn spent_of(entrance: &Entrance, name: &str) -> Result<Vec<(String, String)>, StoreError> {
    let limit = entrance.gateway.limit_of(name);
    let mut rows = Vec::new();
    for period in [Period::Day, Period::Month] {
        if !limit.counts(period) {
            continue;
        }
        let spent = entrance.gateway.spent_in(&Subject::User(name.to_owned()), period)?;
        let (requests, tokens, money) = limit.of(period);
        let of = |used: String, most: String| t().used_of(most, used);
        let requests =
            requests.map(|most| (t().requests(), of(count(spent.requests), count(most))));
        let tokens = tokens.map(|most| (t().tokens(), of(count(spent.tokens), count(most))));
        let money =
            money.map(|most| (t().money(), of(units::money(spent.money), units::money(most))));
        for (what, words) in [requests, tokens, money].into_iter().flatten() {
            let what = match period {
                Period::Day => t().what_today(what),
                Period::Month => t().what_this_month(what),
            };
            rows.push((what, words));
        }
    }
    Ok(rows)
}

fn quota_form(entrance: &Entrance, person: &Person) -> Result<QuotaForm, PeopleError> {
    let limit = entrance.gateway.limit_of(&person.name);
    let whole = |most: Option<u64>| most.map(|most| most.to_string()).unwrap_or_default();
    let money = |most: Option<f64>| most.map(|most| most.to_string()).unwrap_or_default();
    let (requests, tokens, sum) = (t().requests(), t().tokens(), t().money());
    let fields = [
        ("requests_per_day", t().what_a_day(requests), whole(limit.requests_per_day)),
        ("tokens_per_day", t().what_a_day(tokens), whole(limit.tokens_per_day)),
        ("money_per_day", t().what_a_day(sum), money(limit.money_per_day)),
        ("requests_per_month", t().what_a_month(requests), whole(limit.requests_per_month)),
        ("tokens_per_month", t().what_a_month(tokens), whole(limit.tokens_per_month)),
        ("money_per_month", t().what_a_month(sum), money(limit.money_per_month)),
    ];
    Ok(QuotaForm {
        action: format!("/usage/people/{}/quota", person.id.as_str()),
        fields: fields.into(),
        is_own: entrance.people.quotas()?.contains_key(&person.name),
    })
}

/// The limits in a form; an empty field is none.
fn read(fields: &BTreeMap<String, String>) -> Result<Limit, PeopleError> {
    fn field<T: std::str::FromStr>(
        fields: &BTreeMap<String, String>,
        name: &str,
    ) -> Result<Option<T>, PeopleError> {
        match fields.get(name).map_or("", |text| text.trim()) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| PeopleError::Quota),
        }
    }
    Ok(Limit {
        requests_per_day: field(fields, "requests_per_day")?,
        tokens_per_day: field(fields, "tokens_per_day")?,
        money_per_day: field(fields, "money_per_day")?,
        requests_per_month: field(fields, "requests_per_month")?,
        tokens_per_month: field(fields, "tokens_per_month")?,
        money_per_month: field(fields, "money_per_month")?,
    })
}

fn row(name: &str, href: Option<String>, spent: &Spent) -> UsedRow {
    UsedRow {
        name: name.to_owned(),
        href,
        requests: count(spent.requests),
        tokens: count(spent.tokens),
        money: units::money(spent.money),
    }
}

/// A number with its thousands apart.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(t().between_thousands())
}

/// A day in UTC.
fn date(milliseconds: i64) -> String {
    match jiff::Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.strftime("%Y-%m-%d").to_string(),
        Err(_) => milliseconds.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }
}
