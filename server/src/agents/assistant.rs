//! A conversation: one instance each, named by its id.

use std::sync::Arc;

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use domovoi_agents::{
    chat::{ApprovalFilter, FinishedTurn},
    prelude::*,
    schedule::ScheduleFilter,
};
use domovoi_app::types::ANSWER_BY;
use domovoi_models::{
    LanguageModel,
    gateway::{Feedback, FeedbackSubject, Gateway, Rating},
};
use domovoi_protocol::{Role, UiMessage};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value};

use super::{
    Approvals, AssistantTools, Conversations, DEFAULT, Tasks,
    conversations::{
        deleted_at, export,
        search::{RECENT, Said},
        title::gist,
    },
    files, sub_path,
    tasks::Reminder,
};
use crate::gateway::DEFAULT_ROUTE;

/// Longest comment on an answer, in characters.
const MAX_COMMENT: usize = 2000;

/// Answers with the configured model.
#[derive(Clone)]
pub(crate) struct Assistant {
    pub(super) tools: AssistantTools,
    pub(super) instructions: String,
}

#[agent]
impl Assistant {
    pub(crate) fn new(tools: AssistantTools, instructions: String) -> Self {
        Self { tools, instructions }
    }

    async fn on_request(&self, cx: &Context<Self>, request: Request) -> Result<Response> {
        let path = sub_path(request.uri());
        match (request.method(), path) {
            (&Method::GET, "export.json" | "export.md") => {
                let ending = path.trim_start_matches("export.").to_owned();
                exported(cx, &ending).await
            }
            _ => files::answer(cx, request).await,
        }
    }

    /// A reminder is due: the assistant answers it, and every open client sees that.
    #[task]
    pub(super) fn remind(&self, cx: &Context<Self>, text: String) -> Result<()> {
        cx.ask(format!("This reminder is due now: {text}"));
        Ok(())
    }

    /// Tells the inbox all that people are asked here and were; nothing while this conversation is
    /// deleted. What is told and when is in the order of this conversation, since it is read when it is
    /// sent.
    pub(super) async fn tell_approvals(&self, cx: &Context<Self>) -> Result<()> {
        let inbox = cx.agents().get::<Approvals>(DEFAULT)?;
        let conversation = cx.name().to_owned();
        let list = cx.agents().get::<Conversations>(DEFAULT)?;
        let id = conversation.clone();
        let deleted = list.run(move |_, cx| async move { deleted_at(&cx, &id) }).await?;
        let records = match deleted {
            Some(_) => Vec::new(),
            None => cx.approvals(&ApprovalFilter::default())?,
        };
        inbox.run(move |inbox, cx| async move { inbox.report(&cx, &conversation, records) }).await?
    }

    /// Tells the page of tasks the reminders of this conversation, as [`Self::tell_approvals`] does.
    pub(super) async fn tell_reminders(&self, cx: &Context<Self>) -> Result<()> {
        let tasks = cx.agents().get::<Tasks>(DEFAULT)?;
        let conversation = cx.name().to_owned();
        let schedules = cx.get_schedules(&ScheduleFilter::default())?;
        let reminders = schedules.iter().filter(|schedule| schedule.task == Self::REMIND.name());
        let mut reminders: Vec<_> =
            reminders.map(|schedule| Reminder::of(&conversation, schedule)).collect();
        reminders.sort_by(|one, other| (one.due, one.id()).cmp(&(other.due, other.id())));
        tasks
            .run(move |tasks, cx| async move { tasks.report(&cx, &conversation, &reminders) })
            .await?
    }

    /// Cancels a reminder of this conversation.
    pub(super) fn cancel_reminder(&self, cx: &Context<Self>, id: &str) -> Result<()> {
        let found = cx.get_schedule(id)?;
        match found.filter(|schedule| schedule.task == Self::REMIND.name()) {
            Some(reminder) => Ok(cx.cancel_schedule(&reminder.id).map(drop)?),
            None => Err("There is no such reminder any more.".into()),
        }
    }

    fn on_runs_end(&self, cx: &Context<Self>) {
        let (assistant, owner) = (self.clone(), cx.clone());
        cx.spawn(async move {
            if let Err(error) = assistant.tell_reminders(&owner).await {
                tracing::warn!(conversation = owner.name(), %error, "reminders cannot be told");
            }
        });
    }

    /// Keeps what the person thinks of an answer, beside what it cost; the rating is metadata of the
    /// message too, so that every client shows it.
    #[callable]
    fn feedback(
        &self,
        cx: &Context<Self>,
        message_id: String,
        rating: Rating,
        comment: Option<String>,
    ) -> Result<()> {
        let gateway = cx.agents().service::<Gateway>().ok_or("there is no gateway")?;
        let comment = comment.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
        if comment.as_ref().is_some_and(|it| it.chars().count() > MAX_COMMENT) {
            return Err(format!("a comment has at most {MAX_COMMENT} characters").into());
        }
        let mut feedback = Feedback::new(rating);
        feedback.comment = comment;
        let subject = FeedbackSubject::Message(message_id.clone());
        if !gateway.add_feedback(&subject, &feedback)? {
            return Err("there is no such answer in the log of requests".into());
        }
        let rated = cx.message(&message_id)?;
        cx.save_messages(rated.map(|message| with_rating(message, rating)))?;
        Ok(())
    }
}

/// The message, with the rating in its metadata.
fn with_rating(mut message: UiMessage, rating: Rating) -> UiMessage {
    let mut fields = match message.metadata.take() {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let rating = match rating {
        Rating::Up => "up",
        Rating::Down => "down",
    };
    fields.insert("rating".to_owned(), rating.into());
    message.metadata = Some(Value::Object(fields));
    message
}

impl AiChatAgent for Assistant {
    async fn on_approvals_change(&self, cx: &Context<Self>) -> Result<()> {
        self.tell_approvals(cx).await
    }

    async fn on_finish(&self, cx: &Context<Self>, _finished: &FinishedTurn) -> Result<()> {
        let recent = cx.recent_messages(RECENT)?;
        tell_list(cx, &recent, recent.len() < RECENT).await?;
        match self.tools.set_reminders() {
            true => self.tell_reminders(cx).await,
            false => Ok(()),
        }
    }

    async fn on_history_change(&self, cx: &Context<Self>) -> Result<()> {
        tell_all(cx).await
    }

    async fn on_chat_message(&self, cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
        let title = cx.first_question()?.as_ref().map(gist).unwrap_or_default();
        let id = cx.name().to_owned();
        let list = cx.agents().get::<Conversations>(DEFAULT)?;
        // The question is found whatever becomes of its answer.
        let recent = cx.recent_messages(RECENT)?;
        let said: Vec<Said> = recent.iter().filter_map(Said::of).collect();
        let whole = recent.len() < RECENT;
        let noted = list.run(move |list, cx| async move {
            let was_deleted = list.used(&cx, &id, &title)?;
            if let Err(error) = list.said(&cx, &id, &said, whole) {
                tracing::warn!(conversation = id, %error, "a question cannot be searched");
            }
            Ok::<_, HandlerError>((was_deleted, list.settings_of(&cx, &id)))
        });
        let (was_deleted, (chosen, of_folder)) = noted.await??;
        if was_deleted {
            self.tell_approvals(cx).await?;
        }
        let (route, model) = match answer_by(&turn, &recent) {
            Some(route) => (route.to_owned(), cx.model(route)?),
            None => model(cx, &chosen)?,
        };
        let window = cx.conversation_window();
        let mut history = cx.history_for(&*model, &window)?;
        files::write_contents(cx, history.messages_mut(), &*model)?;
        let mut answer = StreamText::new(model)
            .for_turn(cx, &turn)
            .history(&history)
            .attachments(files::of(cx))
            .context(window);
        let instructions = [self.instructions.as_str(), &of_folder].join("\n\n");
        if !instructions.trim().is_empty() {
            answer = answer.system(instructions.trim());
        }
        Ok(answer.tools(self.tools.of(cx, &route)).into_reply())
    }
}

/// The route that a request wants for this one answer. What came with a request comes with later turns
/// as well, so it names the question it is about.
fn answer_by<'a>(turn: &'a ChatTurn, recent: &[UiMessage]) -> Option<&'a str> {
    let wish = turn.body.get(ANSWER_BY)?;
    let question = recent.iter().rfind(|message| message.role == Role::User)?;
    // What is no name is the name of no route.
    (wish["question"] == question.id.as_str()).then(|| wish["route"].as_str().unwrap_or_default())
}

/// The model that was chosen, or the default one where there is none, or none of that name any more.
fn model(cx: &Context<Assistant>, chosen: &str) -> Result<(String, Arc<dyn LanguageModel>)> {
    if !chosen.is_empty()
        && let Ok(model) = cx.model(chosen)
    {
        return Ok((chosen.to_owned(), model));
    }
    Ok((DEFAULT_ROUTE.to_owned(), cx.model(DEFAULT_ROUTE)?))
}

/// Tells the list everything that is said here now.
pub(super) async fn tell_all(cx: &Context<Assistant>) -> Result<()> {
    tell_list(cx, &cx.messages()?, true).await
}

/// Tells the list what the newest messages say; `whole` where there are no older ones. They are on their
/// way before anything else of this conversation's is, so that the last to be told is how it stands.
async fn tell_list(cx: &Context<Assistant>, messages: &[UiMessage], whole: bool) -> Result<()> {
    let said: Vec<Said> = messages.iter().filter_map(Said::of).collect();
    let id = cx.name().to_owned();
    let list = cx.agents().get::<Conversations>(DEFAULT)?;
    list.run(move |list, cx| async move { list.said(&cx, &id, &said, whole) }).await?
}

/// `GET export.json` and `GET export.md`: the conversation as a file.
async fn exported(cx: &Context<Assistant>, ending: &str) -> Result<Response> {
    let id = cx.name().to_owned();
    let list = cx.agents().get::<Conversations>(DEFAULT)?;
    let listed =
        list.run(move |_, cx| async move { export::listed(&cx.state(), |it| it.id == id).pop() });
    let Some((listed, folder)) = listed.await? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let name = export::disposition(&listed.title, ending);
    if ending != "md" {
        return Ok(export::json(cx.agents().clone(), vec![(listed, folder)], name));
    }
    let kind = HeaderValue::from_static("text/markdown; charset=utf-8");
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, export::markdown(&listed.title, &cx.messages()?)).into_response())
}
