//! The gateway's store in SQLite: the same as the one in memory, and there again after the process.

use std::time::Duration;

use domovoi_agents::gateway::SqliteGatewayStore;
use domovoi_models::{LanguageModel, ModelMessage, ModelRequest};
use domovoi_models::{
    Usage,
    gateway::{
        Admission, Feedback, FeedbackSubject, Gateway, GatewayStore, Keep, Limit, Limits, LogEntry,
        LogFilter, MemoryStore, Outcome, Rating, RequestEnd, RequestStart, Route, Spent, Subject,
        Target, Used,
    },
    testing::{Gate, Script, ScriptedModel},
};
use futures::StreamExt;
use std::sync::Arc;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn start(at: i64, user: Option<&str>, message: Option<&str>) -> RequestStart {
    let mut start = RequestStart::default();
    start.started_at = at;
    start.route = "fast".to_owned();
    start.user = user.map(str::to_owned);
    start.agent = Some("assistant".to_owned());
    start.message_id = message.map(str::to_owned);
    start
}

fn end(outcome: Outcome, tokens: u64) -> RequestEnd {
    let mut end = RequestEnd::default();
    end.outcome = outcome;
    end.model = Some("a/1".to_owned());
    end.attempts = 2;
    end.error = (outcome == Outcome::Failed).then(|| "provider".to_owned());
    end.usage = Usage { input_tokens: tokens, output_tokens: 1 };
    end.estimated = tokens > 5;
    end.cost = 0.25;
    end.first_token_ms = Some(3);
    end.total_ms = Some(4);
    end
}

/// All that can be seen of a store: its log, parts of it, what was spent and used, how much was pruned.
type Seen = (Vec<LogEntry>, Vec<LogEntry>, Vec<Spent>, Vec<Vec<Used>>, Vec<u64>);

/// Does one of everything; answers all that can be seen of it.
fn everything(store: &dyn GatewayStore) -> Seen {
    let begin = |start: &RequestStart| match store.begin(start, &[]).unwrap() {
        Admission::Admitted(id) => id,
        other => panic!("{other:?}"),
    };
    for (day, user, message, outcome) in [
        (0, Some("anna"), Some("m0"), Outcome::Answered),
        (1, None, Some("m1"), Outcome::Failed),
        (2, Some("anna"), Some("m2"), Outcome::Cached),
        (3, Some("bob"), None, Outcome::Stopped),
        (3, Some("anna"), Some("m4"), Outcome::Answered),
    ] {
        let id = begin(&start(day * DAY + 5, user, message));
        store.end(id, &end(outcome, u64::try_from(id).unwrap() * 2)).unwrap();
    }
    begin(&start(3 * DAY + 6, Some("anna"), None));
    let now = 3 * DAY + 10;
    let opinion = Feedback::new(Rating::Down).comment("No.").user("anna");
    assert!(store.add_feedback(&FeedbackSubject::Message("m4".into()), &opinion, now).unwrap());
    assert!(store.add_feedback(&FeedbackSubject::Request(1), &opinion, now).unwrap());
    let opinion = Feedback::new(Rating::Up).user("anna");
    assert!(store.add_feedback(&FeedbackSubject::Message("m4".into()), &opinion, now).unwrap());
    assert!(!store.add_feedback(&FeedbackSubject::Request(99), &opinion, now).unwrap());

    store.put_cached("k", "[1]", now + 5).unwrap();
    store.put_cached("k", "[2]", now + 5).unwrap();
    assert_eq!(store.cached("k", now + 4).unwrap().as_deref(), Some("[2]"));
    assert_eq!(store.cached("k", now + 5).unwrap(), None);
    assert_eq!(store.cached("other", now).unwrap(), None);

    let all = store.log(&LogFilter::default()).unwrap();
    let filtered = [
        LogFilter { user: Some("anna".into()), ..LogFilter::default() },
        LogFilter { agent: Some("other".into()), ..LogFilter::default() },
        LogFilter { model: Some("a/1".into()), limit: Some(2), ..LogFilter::default() },
        LogFilter { message_id: Some("m1".into()), ..LogFilter::default() },
        LogFilter { outcome: Some(Outcome::Running), ..LogFilter::default() },
        LogFilter { since: Some(2 * DAY), before_id: Some(5), ..LogFilter::default() },
        LogFilter { route: Some("fast".into()), limit: Some(1), ..LogFilter::default() },
    ];
    let filtered = filtered.iter().flat_map(|filter| store.log(filter).unwrap()).collect();
    let spent = [
        (Subject::User("anna".into()), 0),
        (Subject::User("anna".into()), 3 * DAY),
        (Subject::User(String::new()), 0),
        (Subject::Agent("assistant".into()), DAY),
        (Subject::Agent("nobody".into()), 0),
    ];
    let spent = spent.iter().map(|(who, since)| store.spent(who, *since).unwrap()).collect();
    let used = [None, Some("anna"), Some("")].map(|user| store.used(user, DAY).unwrap());
    let keep = |days: Option<u64>, entries| Keep {
        max_age: days.map(|days| Duration::from_secs(days * 86_400)),
        max_entries: entries,
        whole_month: false,
    };
    let pruned =
        [keep(None, None), keep(Some(2), None), keep(None, Some(3)), keep(Some(0), Some(0))]
            .map(|keep| store.prune(&keep, now).unwrap());
    assert_eq!(store.log(&LogFilter::default()).unwrap().len(), 3, "today's");
    (all, filtered, spent, used.to_vec(), pruned.to_vec())
}

#[test]
fn sqlite_does_as_memory_does() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteGatewayStore::open(&folder.path().join(SqliteGatewayStore::FILE)).unwrap();
    let (all, filtered, spent, used, pruned) = everything(&sqlite);
    let annas = used[1].iter().map(|it| (it.day / DAY, it.spent.requests)).collect::<Vec<_>>();
    assert_eq!(annas, [(3, 1), (3, 1)], "one that runs has no model yet; the cache is free");
    let seen = (all, filtered, spent, used, pruned.clone());
    assert_eq!(seen, everything(&MemoryStore::new()));
    assert_eq!(pruned, [0, 2, 1, 0]);
}

#[tokio::test]
async fn log_cache_and_limits_are_there_after_the_process_and_what_ran_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(SqliteGatewayStore::FILE);
    let gate = Gate::new();
    let model = ScriptedModel::new([
        Script::new().text("once").stop(),
        Script::new().text("run").gate(&gate).stop(),
    ]);
    let gateway = || {
        let store = Arc::new(SqliteGatewayStore::open(&file).unwrap());
        let target = Target::new("a/1", Arc::new(model.clone()));
        let limits = Limits {
            user: Limit { requests_per_day: Some(2), ..Limit::default() },
            ..Limits::default()
        };
        let route = Route::new([target]).cache_ttl(Duration::from_secs(3600));
        Gateway::builder().route("fast", route).limits(limits).store(store).build()
    };
    let ask = |text: &str| ModelRequest::new(vec![ModelMessage::User { content: text.into() }]);
    let first = gateway();
    let routed = first.model("fast").unwrap();
    assert_eq!(routed.stream(ask("Hi")).await.unwrap().count().await, 2);
    let running = routed.stream(ask("Run")).await.unwrap();
    // As `kill -9` ends it: nothing of this process comes to say anything.
    std::mem::forget(running);

    // Another process may look meanwhile, and changes nothing by it.
    let beside = SqliteGatewayStore::attach(&file).unwrap();
    assert_eq!(beside.log(&LogFilter::default()).unwrap()[0].outcome, Outcome::Running);

    let second = gateway();
    let outcomes: Vec<_> =
        second.log(&LogFilter::default()).unwrap().iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [Outcome::Interrupted, Outcome::Answered]);
    let routed = second.model("fast").unwrap();
    assert_eq!(routed.stream(ask("Hi")).await.unwrap().count().await, 2, "from the cache");
    assert!(routed.stream(ask("More")).await.is_err(), "two requests are used up");
}
