//! What time it is.

use domovoi_agents::prelude::*;
use jiff::{Timestamp, tz::TimeZone};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimeArgs {
    /// A time zone of the IANA database, such as `Europe/Prague` or `UTC`. By default that of the
    /// computer the assistant runs on.
    zone: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Now {
    /// RFC 3339 with the zone's offset, to the second.
    date_time: String,
    zone: String,
    weekday: String,
    unix_seconds: i64,
}

/// Tells the date, the time of day and the weekday now, in a time zone. Call it whenever an answer
/// depends on today's date or on the time.
#[tool]
pub async fn time(args: TimeArgs) -> Result<Now> {
    let zone = match args.zone.as_deref().map(str::trim).filter(|zone| !zone.is_empty()) {
        None => TimeZone::system(),
        Some(zone) => TimeZone::get(zone).map_err(|_| {
            format!("`{zone}` is no time zone. Use a name such as `Europe/Prague` or `UTC`.")
        })?,
    };
    let now = Timestamp::now().to_zoned(zone);
    Ok(Now {
        date_time: now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        zone: now.time_zone().iana_name().unwrap_or("local time").to_owned(),
        weekday: now.strftime("%A").to_string(),
        unix_seconds: now.timestamp().as_second(),
    })
}
