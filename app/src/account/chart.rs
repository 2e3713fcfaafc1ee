//! A chart of bars, as a picture within the page: no script draws it.

use leptos::prelude::*;

use crate::language::t;

const WIDTH: usize = 600;
const HEIGHT: usize = 90;
/// Between two bars.
const GAP: f64 = 2.0;

/// A bar for each day.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    /// What is counted, such as `Tokens`.
    pub what: &'static str,
    /// All of it, in words.
    pub sum: String,
    /// The days in order, each in words with how much it was.
    pub bars: Vec<(String, f64)>,
}

impl Chart {
    pub(super) fn view(self) -> AnyView {
        let Self { what, sum, bars } = self;
        let most = bars.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        let count = bars.len().max(1);
        let step = WIDTH as f64 / count as f64;
        let (first, last) = (day_of(bars.first()), day_of(bars.last()));
        let label = t().chart_label(&first, &last, &sum, what);
        let bars = bars.into_iter().enumerate().map(|(at, (words, value))| {
            let height = if most > 0.0 { value / most * HEIGHT as f64 } else { 0.0 };
            // A day on which there was something is seen.
            let height = if value > 0.0 { height.max(2.0) } else { 0.0 };
            view! {
                <rect
                    class="flame"
                    x=format!("{:.1}", at as f64 * step)
                    y=format!("{:.1}", HEIGHT as f64 - height)
                    width=format!("{:.1}", (step - GAP).max(1.0))
                    height=format!("{height:.1}")
                    rx="1.5"
                >
                    <title>{words}</title>
                </rect>
            }
        });
        view! {
            <div class="rounded-xl border border-line bg-surface px-4 py-3" data-testid="chart">
                <div class="flex items-center justify-between gap-3 text-sm">
                    <span class="font-medium">{what}</span>
                    <span class="text-muted">{sum}</span>
                </div>
                <svg
                    class="mt-3 block w-full border-b border-line"
                    viewBox=format!("0 0 {WIDTH} {HEIGHT}")
                    role="img"
                    aria-label=label
                >
                    {bars.collect_view()}
                </svg>
                <div class="mt-1 flex items-center justify-between text-xs text-muted">
                    <span>{first}</span>
                    <span>{last}</span>
                </div>
            </div>
        }
        .into_any()
    }
}

/// The day in the words of a bar, which begin with it.
fn day_of(bar: Option<&(String, f64)>) -> String {
    let words = bar.map_or("", |(words, _)| words.as_str());
    words.split(':').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share_and_days_without_anything_have_none() {
        let bars = [("2026-01-01: 4", 4.0), ("2026-01-02: 0", 0.0), ("2026-01-03: 2", 2.0)];
        let bars = bars.map(|(words, value)| (words.to_owned(), value)).to_vec();
        let chart = Chart { what: "Tokens", sum: "6".to_owned(), bars };
        let html = Owner::new().with(|| chart.view().to_html());
        for height in ["height=\"90.0\"", "height=\"0.0\"", "height=\"45.0\""] {
            assert!(html.contains(height), "{height}: {html}");
        }
        assert!(html.contains("Tokens a day, from 2026-01-01 to 2026-01-03: 6 in all"), "{html}");
        assert!(!html.contains("style="), "the page's policy allows none");
    }
}
