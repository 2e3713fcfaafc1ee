//! What models were asked and what it cost: one's own, and everybody's for those who look after them.

use leptos::prelude::*;

use super::{
    Look,
    chart::Chart,
    form::{BUTTON_CLASS, Done, Problem, QUIET_CLASS, Section},
    frame::document,
};
use crate::language::t;

const TABLE_CLASS: &str = "mt-3 w-full text-left text-sm";
const CELL_CLASS: &str = "border-t border-line py-1.5 pl-3 text-right tabular-nums sm:w-28";
const NUMBER_CLASS: &str = "h-8 w-full rounded-lg border border-line bg-surface px-2 text-sm";

/// The page of what somebody has used.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// What the page is about, in a few words.
    pub title: String,
    /// A chart for each thing that is counted.
    pub charts: Vec<Chart>,
    /// What is used up of what there is, in words.
    pub spent: Vec<(String, String)>,
    /// Requests, tokens and money by model.
    pub models: Vec<UsedRow>,
    /// The same by person, this month.
    pub people: Vec<UsedRow>,
    /// The days on which there was something.
    pub days: Vec<UsedRow>,
    /// What the person may use, for whoever decides that.
    pub quota: Option<QuotaForm>,
    /// What was just done.
    pub done: Option<String>,
    /// What went wrong.
    pub problem: Option<String>,
}

/// A row of numbers.
#[derive(Debug, Clone, Default)]
pub struct UsedRow {
    /// Whose they are.
    pub name: String,
    /// A page about it.
    pub href: Option<String>,
    /// Requests.
    pub requests: String,
    /// Tokens.
    pub tokens: String,
    /// Money.
    pub money: String,
}

/// A form with what somebody may use.
#[derive(Debug, Clone, Default)]
pub struct QuotaForm {
    /// Where it goes.
    pub action: String,
    /// Name, label and value of each field; an empty one is no limit.
    pub fields: Vec<(&'static str, String, String)>,
    /// Whether the person has limits of their own now.
    pub is_own: bool,
}

impl Usage {
    /// The page as HTML.
    #[must_use]
    pub fn render(self, look: &Look) -> String {
        document(look, look.lang.usage(), || self.view())
    }

    fn view(self) -> AnyView {
        let Self { title, charts, spent, models, people, days, quota, done, problem } = self;
        view! {
            <main class="mx-auto w-full max-w-[44rem] px-5 py-10">
                <a class="link text-sm" href="/">
                    {t().to_your_conversations()}
                </a>
                <h1 class="mt-4 truncate text-2xl font-semibold tracking-tight">{title}</h1>
                <p class="mt-1 text-sm text-muted">
                    {t().last_30_days()}
                </p>
                <div class="mt-6 flex flex-col gap-3">
                    <Problem text=problem />
                    <Done text=done />
                    {charts.into_iter().map(Chart::view).collect_view()}
                </div>
                {limits(spent)}
                {quota.map(QuotaForm::view)}
                {table("people", t().people_this_month(), t().person(), people)}
                {table("models", t().models(), t().model(), models)}
                {table("days", t().days_of_use(), t().day_of_use(), days)}
            </main>
        }
        .into_any()
    }
}

fn limits(spent: Vec<(String, String)>) -> AnyView {
    if spent.is_empty() {
        return ().into_any();
    }
    let rows = spent.into_iter().map(|(what, words)| {
        view! {
            <li class="flex items-center justify-between gap-3">
                <span>{what}</span>
                <span class="text-muted">{words}</span>
            </li>
        }
    });
    view! {
        <Section id="limits" title=t().limits()>
            <ul class="mt-3 flex flex-col gap-2 text-sm" data-testid="limits">
                {rows.collect_view()}
            </ul>
        </Section>
    }
    .into_any()
}

fn table(
    id: &'static str,
    title: &'static str,
    first: &'static str,
    rows: Vec<UsedRow>,
) -> AnyView {
    if rows.is_empty() {
        return ().into_any();
    }
    view! {
        <Section id=id title=title>
            <table class=TABLE_CLASS data-testid=id>
                <thead>
                    <tr class="text-muted">
                        <th scope="col" class="py-1.5 font-medium">{first}</th>
                        {[t().requests(), t().tokens(), t().money()]
                            .map(|name| view! { <th scope="col" class="py-1.5 pl-3 text-right font-medium">{name}</th> })
                            .into_iter()
                            .collect_view()}
                    </tr>
                </thead>
                <tbody>{rows.into_iter().map(UsedRow::view).collect_view()}</tbody>
            </table>
        </Section>
    }
    .into_any()
}

impl UsedRow {
    fn view(self) -> AnyView {
        let Self { name, href, requests, tokens, money } = self;
        let name = match href {
            Some(href) => view! { <a class="link" href=href>{name}</a> }.into_any(),
            None => name.into_any(),
        };
        let numbers = [requests, tokens, money];
        view! {
            <tr>
                <th scope="row" class="break-words border-t border-line py-1.5 font-normal">{name}</th>
                {numbers
                    .map(|number| view! { <td class=CELL_CLASS>{number}</td> })
                    .into_iter()
                    .collect_view()}
            </tr>
        }
        .into_any()
    }
}

impl QuotaForm {
    fn view(self) -> AnyView {
        let Self { action, fields, is_own } = self;
        let words = match is_own {
            true => t().limits_are_their_own(),
            false => t().limits_are_everybodys(),
        };
        let fields = fields.into_iter().map(|(name, label, value)| {
            view! {
                <label class="text-sm">
                    <span class="text-muted">{label}</span>
                    <input
                        class=NUMBER_CLASS
                        name=name
                        value=value
                        inputmode="decimal"
                        autocomplete="off"
                    />
                </label>
            }
        });
        view! {
            <Section id="quota" title=t().what_they_may_use()>
                <p class="mt-1 text-sm text-muted">{words} {t().empty_field_is_no_limit()}</p>
                <form method="post" action=action class="mt-4 flex flex-col gap-3" data-testid="quota">
                    {fields.collect_view()}
                    <div class="flex flex-wrap items-center gap-3">
                        <button type="submit" class=BUTTON_CLASS>
                            {t().set_it()}
                        </button>
                        <button type="submit" name="reset" value="yes" class=QUIET_CLASS>
                            {t().as_everybody()}
                        </button>
                    </div>
                </form>
            </Section>
        }
        .into_any()
    }
}
