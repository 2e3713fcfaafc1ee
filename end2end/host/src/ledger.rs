//! What was written and what has fired, row by row, so that nothing can be missing unseen.

use std::time::Duration;

use domovoi_agents::{prelude::*, schedule::ScheduleFilter};
use serde_json::json;

#[derive(Default)]
pub(crate) struct LedgerAgent;

#[agent]
impl LedgerAgent {
    async fn on_start(&self, cx: &Context<Self>) -> Result<()> {
        let sql = cx.sql();
        sql.execute("CREATE TABLE IF NOT EXISTS written (id INTEGER PRIMARY KEY, text TEXT)", [])?;
        sql.execute(
            "CREATE TABLE IF NOT EXISTS fired (id INTEGER PRIMARY KEY, times INTEGER NOT NULL)",
            [],
        )?;
        Ok(())
    }

    /// Tells all connections which id has fired.
    #[task]
    fn fire(&self, cx: &Context<Self>, id: i64) -> Result<()> {
        cx.sql().execute(
            "INSERT INTO fired VALUES (?1, 1) ON CONFLICT (id) DO UPDATE SET times = times + 1",
            [id],
        )?;
        cx.broadcast(json!({"fired": id}).to_string());
        Ok(())
    }

    #[callable]
    fn write(&self, cx: &Context<Self>, id: i64, text: Option<String>) -> Result<()> {
        cx.sql().execute("INSERT INTO written VALUES (?1, ?2)", (id, text))?;
        Ok(())
    }

    /// Answers when it is due.
    #[callable]
    fn remind(&self, cx: &Context<Self>, seconds: f64, id: i64) -> Result<f64> {
        Ok(cx.schedule(Duration::try_from_secs_f64(seconds)?, Self::FIRE, id)?.due)
    }

    #[callable]
    fn written(&self, cx: &Context<Self>, after: i64) -> Result<Vec<i64>> {
        Ok(cx.sql().query("SELECT id FROM written WHERE id > ?1 ORDER BY id", [after])?)
    }

    /// Ids, and how often each has fired.
    #[callable]
    fn fired(&self, cx: &Context<Self>, after: i64) -> Result<Vec<(i64, u64)>> {
        Ok(cx.sql().query("SELECT id, times FROM fired WHERE id > ?1 ORDER BY id", [after])?)
    }

    /// Ids that have yet to fire or do so just now, and when they are due.
    #[callable]
    fn scheduled(&self, cx: &Context<Self>) -> Result<Vec<(i64, f64)>> {
        let schedules = cx.get_schedules(&ScheduleFilter::default())?.into_iter();
        schedules.map(|it| Ok((i64::deserialize(it.payload)?, it.due))).collect()
    }

    #[callable]
    fn erase(&self, cx: &Context<Self>) -> Result<usize> {
        Ok(cx.sql().execute("DELETE FROM written", [])?)
    }
}
