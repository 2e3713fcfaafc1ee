//! What people call the browser of a session. It is for them to tell their sessions apart, so the few that
//! nearly everybody has are known here; the rest is shown as it calls itself.

use domovoi_app::language::t;

use super::UNNAMED;

/// What browsers say of themselves, and what they are. Most say of themselves what those further down do.
const BROWSERS: [(&str, &str); 12] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// The same of systems.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// A browser in words: `Firefox on Linux`.
pub(super) fn browser(user_agent: &str) -> String {
    if user_agent == UNNAMED {
        return t().an_unnamed_browser().to_owned();
    }
    let known = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (known(&BROWSERS), known(&SYSTEMS)) {
        (Some(browser), Some(system)) => t().browser_on(browser, system),
        _ => user_agent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use domovoi_app::language::{Lang, speaking};

    use super::*;

    #[test]
    fn a_browser_is_called_what_people_call_it() {
        let webkit = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let chrome = |system: &str, end: &str| {
            let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
            format!("Mozilla/5.0 ({system}) {webkit} Chrome/140.0.0.0 {end}")
        };
        let windows = "Windows NT 10.0; Win64; x64";
        let phone = "iPhone; CPU iPhone OS 18_5 like Mac OS X";
        let mac = "Macintosh; Intel Mac OS X 10_15_7";
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
                "Firefox on Linux",
            ),
            (chrome("Linux; Android 10; K", "Mobile Safari/537.36"), "Chrome on Android"),
            (chrome(windows, "Safari/537.36 Edg/140.0.0.0"), "Edge on Windows"),
            (chrome(mac, "Safari/537.36 OPR/122.0.0.0"), "Opera on macOS"),
            (chrome("X11; CrOS x86_64 14541.0.0", "Safari/537.36"), "Chrome on ChromeOS"),
            (
                format!("Mozilla/5.0 ({mac}) {webkit} Version/18.5 Safari/605.1.15"),
                "Safari on macOS",
            ),
            (
                format!("Mozilla/5.0 ({phone}) {webkit} FxiOS/140.0 Mobile/15E148 Safari/605.1.15"),
                "Firefox on iPhone",
            ),
            ("a <b>program</b>".to_owned(), "a <b>program</b>"),
        ] {
            assert_eq!(speaking(Lang::En, || browser(&user_agent)), name);
        }
        assert_eq!(speaking(Lang::De, || browser(UNNAMED)), "ein Browser ohne Namen");
        let linux = chrome("X11; Linux x86_64", "Safari/537.36");
        assert_eq!(speaking(Lang::De, || browser(&linux)), "Chrome auf Linux");
    }
}
