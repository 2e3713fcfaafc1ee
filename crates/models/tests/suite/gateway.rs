//! The gateway in front of scripted models: what is asked, what is answered, what is written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use domovoi_models::gateway::{
    Feedback, FeedbackSubject, Gateway, GatewayBuilder, Keep, Limit, Limits, LogEntry, LogFilter,
    Outcome, Payer, Price, Rating, Route, Subject, Target,
};
use domovoi_models::testing::{Gate, Script, ScriptedModel};
use domovoi_models::{
    FinishReason, LanguageModel, ModelError, ModelEvent, ModelRequest, ModelStream, Receipt, Usage,
};
use futures::{FutureExt, StreamExt};
use tokio::time::Instant;

use crate::support::{ask, reply, text};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn target(name: &str, model: &ScriptedModel) -> Target {
    Target::new(name, Arc::new(model.clone()))
}

fn said(text: &str) -> Script {
    let usage = Usage { input_tokens: 1_000_000, output_tokens: 500_000 };
    Script::new().text(text).finish_with_usage(FinishReason::Stop, usage)
}

fn limited(seconds: Option<u64>) -> ModelError {
    ModelError::RateLimited { retry_after: seconds.map(Duration::from_secs), message: None }
}

fn down() -> ModelError {
    ModelError::Provider { status: Some(503), message: "down (HTTP 503)".into() }
}

fn unauthorized() -> ModelError {
    ModelError::Unauthorized { endpoint: "http://host/v1".into() }
}

fn gateway(route: Route) -> Gateway {
    Gateway::builder().route("fast", route).build()
}

async fn stream(gateway: &Gateway, request: ModelRequest) -> Result<ModelStream, ModelError> {
    gateway.model("fast").unwrap().stream(request).await
}

/// The text of an answer that must be whole.
async fn answer(gateway: &Gateway) -> String {
    answer_to(gateway, ask("Hi", 9)).await
}

async fn answer_to(gateway: &Gateway, request: ModelRequest) -> String {
    let events = reply(&gateway.model("fast").unwrap(), request).await.unwrap();
    assert!(matches!(events.last(), Some(Ok(ModelEvent::Finish { .. }))), "{events:?}");
    text(&events)
}

async fn failure(gateway: &Gateway) -> ModelError {
    stream(gateway, ask("Hi", 9)).await.err().expect("it fails")
}

/// Entries, oldest first.
fn log(gateway: &Gateway) -> Vec<LogEntry> {
    let mut entries = gateway.log(&LogFilter::default()).unwrap();
    entries.reverse();
    entries
}

#[tokio::test(start_paused = true)]
async fn whatever_fails_before_the_first_token_is_tried_with_the_next_model() {
    for error in [
        unauthorized(),
        limited(Some(1)),
        ModelError::Unavailable("gone".into()),
        ModelError::ContextExceeded { tokens: 9, limit: 8 },
        ModelError::Unsupported("no images".into()),
    ] {
        let began = Instant::now();
        let first = ScriptedModel::new([Script::refuse(error)]);
        let second = ScriptedModel::new([said("second")]);
        let gateway = gateway(Route::new([target("a/1", &first), target("b/2", &second)]));
        assert_eq!(answer(&gateway).await, "second");
        assert_eq!(began.elapsed(), Duration::ZERO, "nobody waits where there is another model");
        let [entry] = log(&gateway).try_into().unwrap();
        assert_eq!((entry.model.as_deref(), entry.attempts), (Some("b/2"), 2));
        assert_eq!(entry.outcome, Outcome::Answered);
    }
    // An error inside the stream is the same, as long as nothing came before it.
    let first = ScriptedModel::new([Script::new().fail(limited(None))]);
    let second = ScriptedModel::new([said("second")]);
    let gateway = gateway(Route::new([target("a/1", &first), target("b/2", &second)]));
    assert_eq!(answer(&gateway).await, "second");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_does_not_begin_in_time_is_left() {
    let gate = Gate::new();
    let slow = ScriptedModel::new([Script::new().gate(&gate).text("late").stop()]);
    let quick = ScriptedModel::new([said("quick")]);
    let route = Route::new([target("a/1", &slow), target("b/2", &quick)])
        .first_token_timeout(Duration::from_secs(7));
    let began = Instant::now();
    assert_eq!(answer(&gateway(route.clone())).await, "quick");
    assert_eq!(began.elapsed(), Duration::from_secs(7));
    slow.abandoned(1).await;

    slow.push(Script::new().gate(&gate));
    slow.push(Script::new().gate(&gate));
    slow.push(Script::new().gate(&gate));
    let alone = Route::new([target("a/1", &slow)]).first_token_timeout(Duration::from_secs(7));
    let error = failure(&gateway(alone)).await;
    assert_eq!(
        error.to_string(),
        "The model did not begin to answer within 7 seconds. Please try again."
    );
}

#[tokio::test(start_paused = true)]
async fn after_the_first_token_nothing_is_tried_again_and_silence_is_allowed() {
    let gate = Gate::new();
    let first = ScriptedModel::new([Script::new()
        .text("half")
        .gate(&gate)
        .fail(ModelError::Interrupted(None))]);
    let second = ScriptedModel::new([said("second")]);
    let route = Route::new([target("a/1", &first), target("b/2", &second)])
        .first_token_timeout(Duration::from_secs(1));
    let gateway = gateway(route);
    let mut events = stream(&gateway, ask("Hi", 9)).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), ModelEvent::Text("half".into()));
    tokio::time::advance(Duration::from_secs(3600)).await;
    gate.open();
    assert!(matches!(events.next().await, Some(Err(ModelError::Interrupted(None)))));
    assert!(second.requests().is_empty());
    let [entry] = log(&gateway).try_into().unwrap();
    assert_eq!((entry.outcome, entry.error.as_deref()), (Outcome::Failed, Some("interrupted")));
    assert_eq!((entry.output_tokens, entry.estimated), (1, true), "half an answer costs too");
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_with_growing_waits() {
    let model = ScriptedModel::new([Script::refuse(down()), Script::refuse(down()), said("third")]);
    let gateway = gateway(Route::new([target("a/1", &model)]));
    let began = Instant::now();
    assert_eq!(answer(&gateway).await, "third");
    // Half a second and a second, each with a jitter of up to as much again.
    let waited = began.elapsed().as_secs_f32();
    assert!((1.5..=3.0).contains(&waited), "{waited}");
    assert_eq!(log(&gateway)[0].attempts, 3);

    let model = ScriptedModel::new([Script::refuse(down()), said("never")]);
    let patient = gateway_of_one(&model, |route| route.retries(0));
    assert!(matches!(failure(&patient).await, ModelError::Provider { .. }));

    let model = ScriptedModel::new([Script::refuse(unauthorized()), said("never")]);
    let error = failure(&gateway_of_one(&model, |route| route)).await;
    assert!(matches!(error, ModelError::Unauthorized { .. }), "a wrong key stays wrong");
}

fn gateway_of_one(model: &ScriptedModel, configure: impl FnOnce(Route) -> Route) -> Gateway {
    gateway(configure(Route::new([target("a/1", model)])))
}

#[tokio::test(start_paused = true)]
async fn a_retry_comes_when_the_provider_wants_it_or_not_at_all() {
    let model = ScriptedModel::new([Script::refuse(limited(Some(11))), said("then")]);
    let began = Instant::now();
    assert_eq!(answer(&gateway_of_one(&model, |route| route)).await, "then");
    assert_eq!(began.elapsed(), Duration::from_secs(11));

    let model = ScriptedModel::new([Script::refuse(limited(Some(600))), said("never")]);
    let began = Instant::now();
    let error = failure(&gateway_of_one(&model, |route| route)).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(error.to_string().ends_with("Please try again in 10 minutes."), "{error}");
}

#[tokio::test]
async fn a_request_is_written_down_with_tokens_cost_and_times() {
    let model = ScriptedModel::new([said("yes"), Script::new().text("12345").stop()]);
    let price = Price { input: 0.5, output: 2.0 };
    let gateway = gateway(Route::new([target("a/1", &model).price(price)]));
    let mut request = ask("Hi", 9);
    request.metadata.user = Some("anna".into());
    request.metadata.message_id = Some("m1".into());
    let receipt = Receipt::new();
    request.metadata.receipt = Some(receipt.clone());
    let routed = gateway.model("fast").unwrap().for_agent("assistant");
    reply(&routed, request).await.unwrap();
    assert_eq!(receipt.model().as_deref(), Some(model.name()));
    assert!((receipt.cost() - 1.5).abs() < 1e-9, "{receipt:?}");
    answer(&gateway).await;
    let [first, second] = log(&gateway).try_into().unwrap();
    assert_eq!((first.user.as_deref(), first.agent.as_deref()), (Some("anna"), Some("assistant")));
    assert_eq!((first.route.as_str(), first.message_id.as_deref()), ("fast", Some("m1")));
    assert_eq!((first.input_tokens, first.output_tokens), (1_000_000, 500_000));
    assert!((first.cost - 1.5).abs() < 1e-9 && !first.estimated, "{first:?}");
    assert!(first.first_token_ms.is_some() && first.total_ms >= first.first_token_ms);
    // The provider did not count: four characters are a token.
    assert_eq!((second.input_tokens, second.output_tokens, second.estimated), (1, 2, true));
    let anna = LogFilter { user: Some("anna".into()), ..LogFilter::default() };
    assert_eq!(gateway.log(&anna).unwrap(), [first]);
}

#[tokio::test]
async fn stopping_reaches_the_model_and_is_written_down_in_every_phase() {
    let gate = Gate::new();
    let model = ScriptedModel::new([
        Script::new().gate(&gate).text("never"),
        Script::new().text("some").gate(&gate).text("never"),
    ]);
    let gateway = gateway(Route::new([target("a/1", &model)]));
    assert!(stream(&gateway, ask("Hi", 9)).now_or_never().is_none());
    model.abandoned(1).await;

    let mut events = stream(&gateway, ask("Hi", 9)).await.unwrap();
    events.next().await.unwrap().unwrap();
    assert_eq!(log(&gateway)[1].outcome, Outcome::Running);
    drop(events);
    model.abandoned(2).await;
    let outcomes: Vec<_> = log(&gateway).iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [Outcome::Stopped, Outcome::Stopped]);
}

#[tokio::test]
async fn the_same_question_is_answered_from_the_cache_until_its_time_is_over() {
    let now = Arc::new(AtomicI64::new(0));
    let model = ScriptedModel::new([said("one"), said("two"), said("three"), said("four")]);
    let route = Route::new([target("a/1", &model)]).cache_ttl(Duration::from_secs(60));
    let gateway = with_clock(Gateway::builder(), &now).route("fast", route).build();
    assert_eq!(answer(&gateway).await, "one");
    assert_eq!(answer(&gateway).await, "one");
    assert_eq!(answer_to(&gateway, ask("Hello", 9)).await, "two", "another question");
    let mut skipping = ask("Hi", 9);
    skipping.metadata.skip_cache = true;
    assert_eq!(answer_to(&gateway, skipping).await, "three");
    assert_eq!(answer(&gateway).await, "three", "the new answer is kept");
    now.fetch_add(60_000, Ordering::SeqCst);
    assert_eq!(answer(&gateway).await, "four");

    let outcomes: Vec<_> = log(&gateway).iter().map(|entry| entry.outcome).collect();
    use Outcome::{Answered, Cached};
    assert_eq!(outcomes, [Answered, Cached, Answered, Answered, Cached, Answered]);
    let cached = &log(&gateway)[1];
    assert_eq!((cached.cost, cached.input_tokens, cached.attempts), (0.0, 0, 0));
    assert_eq!(gateway.spent_today(&Subject::User(String::new())).unwrap().requests, 4);
}

#[tokio::test]
async fn nobody_is_given_what_another_was_answered() {
    let model = ScriptedModel::new([said("one"), said("two"), said("three")]);
    let route = Route::new([target("a/1", &model)]).cache_ttl(Duration::from_secs(60));
    let gateway = gateway(route);
    let of = |name: &str| gateway.for_payer(&Payer::named(name));
    assert_eq!(answer(&of("anna")).await, "one");
    assert_eq!(answer(&of("bob")).await, "two");
    assert_eq!(answer(&gateway).await, "three", "nobody is somebody too");
    assert_eq!(answer(&of("anna")).await, "one");
    assert_eq!(answer(&of("bob")).await, "two");
}

#[tokio::test]
async fn nothing_is_kept_unless_somebody_wants_it_and_the_answer_is_whole() {
    let model = ScriptedModel::new([
        said("one"),
        Script::new().text("cut").finish(FinishReason::Length),
        Script::new().text("half").fail(ModelError::Interrupted(None)),
        said("two"),
    ]);
    let gateway = gateway(Route::new([target("a/1", &model)]));
    assert_eq!(answer(&gateway).await, "one");
    let mut kept = ask("Hi", 9);
    kept.metadata.cache_ttl = Some(Duration::from_secs(60));
    assert_eq!(answer_to(&gateway, kept.clone()).await, "cut");
    let broken = reply(&gateway.model("fast").unwrap(), kept.clone()).await.unwrap();
    assert_eq!(text(&broken), "half");
    assert_eq!(answer_to(&gateway, kept.clone()).await, "two");
    assert_eq!(answer_to(&gateway, kept).await, "two");
}

fn with_clock(builder: GatewayBuilder, now: &Arc<AtomicI64>) -> GatewayBuilder {
    let now = Arc::clone(now);
    builder.clock(move || {
        let milliseconds = now.load(Ordering::SeqCst).try_into().unwrap();
        UNIX_EPOCH + Duration::from_millis(milliseconds)
    })
}

#[tokio::test]
async fn limits_of_people_and_agents_hold_until_midnight() {
    let now = Arc::new(AtomicI64::new(DAY / 2));
    let model = ScriptedModel::new((0..9).map(|_| said("yes")));
    let limit = |requests, tokens, money| Limit {
        requests_per_day: requests,
        tokens_per_day: tokens,
        money_per_day: money,
        ..Limit::default()
    };
    let limits = Limits {
        user: limit(Some(2), None, None),
        users: [
            ("tess".to_owned(), limit(None, Some(1_500_000), None)),
            ("mona".to_owned(), limit(None, None, Some(1.0))),
        ]
        .into(),
        agent: limit(None, None, Some(100.0)),
        agents: [("eager".to_owned(), limit(Some(1), None, None))].into(),
    };
    let route = Route::new([target("a/1", &model).price(Price { input: 1.0, output: 0.0 })]);
    let gateway = with_clock(Gateway::builder(), &now).limits(limits).route("fast", route).build();
    let ask_as = |user: &str, agent: &str| {
        let mut request = ask("Hi", 9);
        request.metadata.user = Some(user.to_owned());
        request.metadata.agent = Some(agent.to_owned());
        let gateway = gateway.clone();
        async move {
            let events = reply(&gateway.model("fast").unwrap(), request).await;
            events.map(|events| text(&events)).map_err(|error| error.to_string())
        }
    };
    assert!(ask_as("anna", "calm").await.is_ok());
    assert!(ask_as("anna", "calm").await.is_ok());
    let refused = ask_as("anna", "calm").await.unwrap_err();
    assert!(refused.starts_with("All of your 2 requests for today are used up."), "{refused}");
    assert!(refused.contains("after midnight UTC (in 12 h 1 min)"), "{refused}");
    assert!(ask_as("bob", "eager").await.is_ok(), "others are not touched");
    let refused = ask_as("bob", "eager").await.unwrap_err();
    assert!(refused.starts_with("All of this agent's 1 requests"), "{refused}");

    assert!(ask_as("tess", "calm").await.is_ok());
    let refused = ask_as("tess", "calm").await.unwrap_err();
    assert!(refused.contains("1500000 tokens"), "{refused}");
    assert!(ask_as("mona", "calm").await.is_ok());
    assert!(ask_as("mona", "calm").await.unwrap_err().contains("1 of money"));

    assert_eq!(model.requests().len(), 5, "who is refused asks no model");
    let refused = LogFilter { outcome: Some(Outcome::Refused), ..LogFilter::default() };
    assert_eq!(gateway.log(&refused).unwrap().len(), 4);
    let spent = gateway.spent_today(&Subject::User("anna".into())).unwrap();
    assert_eq!((spent.requests, spent.tokens), (2, 3_000_000));

    now.store(DAY, Ordering::SeqCst);
    assert!(ask_as("anna", "calm").await.is_ok(), "a new day");
}

#[tokio::test]
async fn a_running_request_has_its_place_already() {
    let gate = Gate::new();
    let model = ScriptedModel::new([Script::new().text("a").gate(&gate).stop()]);
    let limits = Limits {
        user: Limit { requests_per_day: Some(1), ..Limit::default() },
        ..Limits::default()
    };
    let route = Route::new([target("a/1", &model)]);
    let gateway = Gateway::builder().limits(limits).route("fast", route).build();
    let _running = stream(&gateway, ask("Hi", 9)).await.unwrap();
    assert!(matches!(failure(&gateway).await, ModelError::LimitReached(_)));
}

#[tokio::test]
async fn feedback_is_found_with_its_answer_and_a_person_has_one_opinion() {
    let model = ScriptedModel::new([said("yes")]);
    let gateway = gateway(Route::new([target("a/1", &model)]));
    let mut request = ask("Hi", 9);
    request.metadata.message_id = Some("m1".into());
    answer_to(&gateway, request).await;
    let message = FeedbackSubject::Message("m1".into());
    let add = |subject: &FeedbackSubject, feedback: Feedback| {
        gateway.add_feedback(subject, &feedback).unwrap()
    };
    let anna = Feedback::new(Rating::Up).user("anna");
    assert!(add(&message, Feedback::new(Rating::Down).comment("Too short").user("anna")));
    assert!(add(&message, anna.clone()));
    assert!(add(&message, Feedback::new(Rating::Down).user("bob")));
    assert!(!add(&FeedbackSubject::Message("other".into()), anna.clone()));
    assert_eq!(log(&gateway)[0].feedback, [anna, Feedback::new(Rating::Down).user("bob")]);
}

#[tokio::test]
async fn what_goes_through_the_gateway_of_a_person_is_theirs() {
    let model = ScriptedModel::new((0..9).map(|_| said("yes")));
    let shared = gateway(Route::new([target("a/1", &model)]));
    let anna = Payer::default();
    let hers = shared.for_payer(&anna);
    answer(&hers).await;
    anna.is("anna");
    anna.is("somebody else");
    let mut request = ask("Hi", 9);
    request.metadata.message_id = Some("m1".into());
    answer_to(&hers, request.clone()).await;
    request.metadata.user = Some("guest".into());
    answer_to(&hers, request).await;
    answer(&shared.for_payer(&Payer::named("bob"))).await;
    let users: Vec<_> = log(&shared).into_iter().map(|entry| entry.user).collect();
    let expected = [None, Some("anna"), Some("guest"), Some("bob")];
    assert_eq!(users, expected.map(|name| name.map(str::to_owned)));
    let message = FeedbackSubject::Message("m1".into());
    assert!(hers.add_feedback(&message, &Feedback::new(Rating::Up)).unwrap());
    assert_eq!(log(&shared)[1].feedback, [Feedback::new(Rating::Up).user("anna")]);
}

#[tokio::test]
async fn old_entries_go_and_those_of_today_stay() {
    let now = Arc::new(AtomicI64::new(0));
    let model = ScriptedModel::new((0..8).map(|_| said("yes")));
    let route = Route::new([target("a/1", &model)]);
    let gateway = with_clock(Gateway::builder(), &now).route("fast", route).build();
    for day in [0, 1, 2, 3, 3, 3] {
        now.store(day * DAY + 1, Ordering::SeqCst);
        answer(&gateway).await;
    }
    let days = |gateway: &Gateway| -> Vec<i64> {
        log(gateway).iter().map(|entry| entry.started_at / DAY).collect()
    };
    let two_days = Keep {
        max_age: Some(Duration::from_secs(2 * 86_400)),
        max_entries: None,
        whole_month: false,
    };
    assert_eq!(gateway.prune(&two_days).unwrap(), 1);
    assert_eq!(days(&gateway), [1, 2, 3, 3, 3]);
    let four = Keep { max_age: None, max_entries: Some(4), whole_month: false };
    assert_eq!(gateway.prune(&four).unwrap(), 1);
    assert_eq!(days(&gateway), [2, 3, 3, 3]);
    let none = Keep { max_age: Some(Duration::ZERO), max_entries: Some(0), whole_month: false };
    assert_eq!(gateway.prune(&none).unwrap(), 1);
    assert_eq!(days(&gateway), [3, 3, 3]);
}

#[tokio::test]
async fn the_first_model_says_how_much_is_read_and_one_that_reads_less_refuses() {
    let first = ScriptedModel::new([Script::refuse(unauthorized())]).with_context_window(128_000);
    let refusal = ModelError::ContextExceeded { tokens: 9000, limit: 4000 };
    let second = ScriptedModel::new([Script::refuse(refusal)]).with_context_window(4096);
    let gateway = gateway(Route::new([target("a/1", &first), target("b/2", &second)]));
    assert_eq!(gateway.model("fast").unwrap().context_window(), Some(128_000));
    assert!(matches!(failure(&gateway).await, ModelError::ContextExceeded { limit: 4000, .. }));
}

#[tokio::test]
async fn a_route_without_models_says_what_to_do() {
    let error = failure(&gateway(Route::new([]))).await;
    assert!(error.to_string().contains("[models]"), "{error}");
}
