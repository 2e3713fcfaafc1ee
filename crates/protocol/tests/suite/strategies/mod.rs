//! Arbitrary values of everything on the wire.

use domovoi_protocol::{
    Chunk, ClientFrame, Part, Role, ServerFrame, UiMessage, chat::*, chunk::DataChunk,
    connection::*, frame::Empty, message::*, resume::*, rpc::*, state::*, tool::*,
};
use proptest::{option, prelude::*, sample::select};
use serde_json::{Map, Value};

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z0-9]{0,8}", 1 => any::<String>()]
}

/// JSON without fractions, which JSON text does not keep bit by bit.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,5}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// JSON in an optional field where `null` means absent.
pub(crate) fn some_json() -> impl Strategy<Value = Option<Value>> {
    option::of(json().prop_filter("null is absence", |value| !value.is_null()))
}

pub(crate) fn object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("x-[a-z]{1,5}", json(), 0..3)
        .prop_map(|map| map.into_iter().collect())
}

fn unknown() -> impl Strategy<Value = Map<String, Value>> {
    ("future-[a-z]{1,5}", object()).prop_map(|(kind, mut fields)| {
        fields.insert("type".to_owned(), Value::String(kind));
        fields
    })
}

fn stream_state() -> impl Strategy<Value = Option<StreamState>> {
    option::of(select(vec![StreamState::Streaming, StreamState::Done]))
}

fn tool_state() -> impl Strategy<Value = ToolState> {
    select(vec![
        ToolState::InputStreaming,
        ToolState::InputAvailable,
        ToolState::ApprovalRequested,
        ToolState::ApprovalResponded,
        ToolState::OutputAvailable,
        ToolState::OutputError,
        ToolState::OutputDenied,
    ])
}

fn tool_part() -> impl Strategy<Value = ToolPart> {
    let approval = (text(), option::of(any::<bool>()), option::of(text()))
        .prop_map(|(id, approved, reason)| Approval { id, approved, reason });
    (
        (text(), text(), any::<bool>(), tool_state()),
        (option::of(json()), option::of(json()), option::of(text())),
        option::of(approval),
        object(),
    )
        .prop_map(
            |((id, name, dynamic, state), (input, output, error_text), approval, other)| {
                let mut part = ToolPart::new(&id, &name, dynamic, state);
                (part.input, part.output, part.error_text) = (input, output, error_text);
                (part.approval, part.other) = (approval, other);
                part
            },
        )
}

pub(crate) fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        (text(), stream_state(), some_json()).prop_map(|(text, state, provider_metadata)| {
            Part::Text { text, state, provider_metadata }
        }),
        (text(), stream_state(), some_json()).prop_map(|(text, state, provider_metadata)| {
            Part::Reasoning { text, state, provider_metadata }
        }),
        (text(), text(), option::of(text())).prop_map(|(media_type, url, filename)| Part::File {
            media_type,
            url,
            filename
        }),
        (text(), text(), option::of(text())).prop_map(|(source_id, url, title)| Part::SourceUrl {
            source_id,
            url,
            title
        }),
        (text(), text(), text(), option::of(text())).prop_map(
            |(source_id, media_type, title, filename)| Part::SourceDocument {
                source_id,
                media_type,
                title,
                filename
            }
        ),
        Just(Part::StepStart),
        tool_part().prop_map(Part::Tool),
        ("data-[a-z]{1,4}", option::of(text()), option::of(json()))
            .prop_map(|(kind, id, data)| Part::Data(DataPart { kind, id, data })),
        unknown().prop_map(Part::Unknown),
    ]
}

pub(crate) fn message() -> impl Strategy<Value = UiMessage> {
    let role = select(vec![Role::System, Role::User, Role::Assistant]);
    (text(), role, some_json(), prop::collection::vec(part(), 0..5))
        .prop_map(|(id, role, metadata, parts)| UiMessage { id, role, metadata, parts })
}

fn messages() -> impl Strategy<Value = Vec<UiMessage>> {
    prop::collection::vec(message(), 0..3)
}

pub(crate) fn chunk() -> BoxedStrategy<Chunk> {
    let dynamic = || option::of(any::<bool>());
    prop_oneof![
        (option::of(text()), some_json()).prop_map(|(message_id, message_metadata)| {
            Chunk::Start { message_id, message_metadata }
        }),
        Just(Chunk::StartStep),
        (text(), some_json())
            .prop_map(|(id, provider_metadata)| Chunk::TextStart { id, provider_metadata }),
        (text(), text(), some_json()).prop_map(|(id, delta, provider_metadata)| {
            Chunk::TextDelta { id, delta, provider_metadata }
        }),
        (text(), some_json())
            .prop_map(|(id, provider_metadata)| Chunk::TextEnd { id, provider_metadata }),
        (text(), some_json())
            .prop_map(|(id, provider_metadata)| Chunk::ReasoningStart { id, provider_metadata }),
        (text(), text(), some_json()).prop_map(|(id, delta, provider_metadata)| {
            Chunk::ReasoningDelta { id, delta, provider_metadata }
        }),
        (text(), some_json())
            .prop_map(|(id, provider_metadata)| Chunk::ReasoningEnd { id, provider_metadata }),
        (text(), text(), dynamic(), option::of(text())).prop_map(
            |(tool_call_id, tool_name, dynamic, title)| Chunk::ToolInputStart {
                tool_call_id,
                tool_name,
                dynamic,
                title
            }
        ),
        (text(), text()).prop_map(|(tool_call_id, input_text_delta)| Chunk::ToolInputDelta {
            tool_call_id,
            input_text_delta
        }),
        (text(), text(), json(), dynamic(), option::of(text())).prop_map(
            |(tool_call_id, tool_name, input, dynamic, title)| Chunk::ToolInputAvailable {
                tool_call_id,
                tool_name,
                input,
                dynamic,
                title
            }
        ),
        (text(), text(), json(), text(), dynamic()).prop_map(
            |(tool_call_id, tool_name, input, error_text, dynamic)| Chunk::ToolInputError {
                tool_call_id,
                tool_name,
                input,
                error_text,
                dynamic
            }
        ),
        (text(), text()).prop_map(|(approval_id, tool_call_id)| Chunk::ToolApprovalRequest {
            approval_id,
            tool_call_id
        }),
        (text(), any::<bool>(), option::of(text())).prop_map(|(approval_id, approved, reason)| {
            Chunk::ToolApprovalResponse { approval_id, approved, reason }
        }),
        (text(), json(), dynamic()).prop_map(|(tool_call_id, output, preliminary)| {
            Chunk::ToolOutputAvailable { tool_call_id, output, preliminary }
        }),
        (text(), text()).prop_map(|(tool_call_id, error_text)| Chunk::ToolOutputError {
            tool_call_id,
            error_text
        }),
        text().prop_map(|tool_call_id| Chunk::ToolOutputDenied { tool_call_id }),
        (text(), text(), option::of(text())).prop_map(|(source_id, url, title)| Chunk::SourceUrl {
            source_id,
            url,
            title
        }),
        (text(), text()).prop_map(|(url, media_type)| Chunk::File { url, media_type }),
        Just(Chunk::FinishStep),
        Just(Chunk::ResetStep),
        (option::of(text()), some_json()).prop_map(|(finish_reason, message_metadata)| {
            Chunk::Finish { finish_reason, message_metadata }
        }),
        json().prop_map(|message_metadata| Chunk::MessageMetadata { message_metadata }),
        option::of(text()).prop_map(|reason| Chunk::Abort { reason }),
        text().prop_map(|error_text| Chunk::Error { error_text }),
        ("data-[a-z]{1,4}", option::of(text()), option::of(json()), dynamic()).prop_map(
            |(kind, id, data, transient)| Chunk::Data(DataChunk { kind, id, data, transient })
        ),
        unknown().prop_map(Chunk::Unknown),
    ]
    .boxed()
}

fn client_tool() -> impl Strategy<Value = ClientTool> {
    (text(), option::of(text()), some_json())
        .prop_map(|(name, description, parameters)| ClientTool { name, description, parameters })
}

pub(crate) fn client_frame() -> BoxedStrategy<ClientFrame> {
    let init = (text(), option::of(text()), object())
        .prop_map(|(method, body, other)| RequestInit { method, body, other });
    let tools = option::of(prop::collection::vec(client_tool(), 0..3));
    let tool_result = (
        (text(), text(), option::of(json()), option::of(tool_state())),
        (option::of(text()), any::<bool>(), tools),
    )
        .prop_map(
            |((tool_call_id, tool_name, output, state), (error_text, auto, client_tools))| {
                ToolResult {
                    tool_call_id,
                    tool_name,
                    output,
                    state,
                    error_text,
                    auto_continue: auto,
                    client_tools,
                }
            },
        );
    prop_oneof![
        json().prop_map(|state| StateFrame { state }.into()),
        (text(), text(), prop::collection::vec(json(), 0..3))
            .prop_map(|(id, method, args)| RpcRequest { id, method, args }.into()),
        (text(), init).prop_map(|(id, init)| ChatRequest { id, init }.into()),
        text().prop_map(|id| CancelFrame { id }.into()),
        Just(ClientFrame::ChatClear(Empty {})),
        messages().prop_map(|messages| HistoryFrame { messages }.into()),
        option::of(text()).prop_map(|probe_id| ResumeRequest { probe_id }.into()),
        (text(), option::of(any::<u64>())).prop_map(|(id, after)| ResumeAck { id, after }.into()),
        tool_result.prop_map(Into::into),
        (text(), any::<bool>(), option::of(text()), some_json(), any::<bool>()).prop_map(
            |(tool_call_id, approved, reason, input, auto_continue)| {
                ToolApproval { tool_call_id, approved, reason, input, auto_continue }.into()
            }
        ),
        any::<i64>().prop_map(|version| SelectVersion { version }.into()),
    ]
    .boxed()
}

fn chat_response() -> impl Strategy<Value = ChatResponse> {
    let flag = || option::of(any::<bool>());
    let outcome = select(vec![
        Outcome::Completed,
        Outcome::Error,
        Outcome::Aborted,
        Outcome::Skipped,
        Outcome::Recovering,
    ]);
    (
        (text(), text(), any::<bool>(), flag(), flag(), flag(), flag()),
        option::of(any::<u64>()),
        option::of(prop::collection::vec(text(), 0..3)),
        option::of(outcome),
    )
        .prop_map(|(flags, seq, message_ids, outcome)| {
            let (id, body, done, error, continuation, replay, replay_complete) = flags;
            ChatResponse {
                id,
                body,
                done,
                error,
                continuation,
                replay,
                replay_complete,
                seq,
                message_ids,
                outcome,
            }
        })
}

pub(crate) fn server_frame() -> BoxedStrategy<ServerFrame> {
    let reason =
        option::of(select(vec![ResumeNoneReason::Idle, ResumeNoneReason::ContinuationOwned]));
    let list = || prop::collection::vec(json(), 0..3);
    prop_oneof![
        (text(), text(), option::of(any::<bool>())).prop_map(|(name, agent, state_follows)| {
            IdentityFrame { name, agent, state_follows }.into()
        }),
        json().prop_map(|state| StateFrame { state }.into()),
        text().prop_map(|error| StateErrorFrame { error }.into()),
        (object(), list(), list(), list()).prop_map(|(servers, tools, prompts, resources)| {
            McpServersFrame { mcp: McpServers { servers, tools, prompts, resources } }.into()
        }),
        (text(), any::<bool>(), option::of(json()), option::of(text()), option::of(any::<bool>()))
            .prop_map(|(id, success, result, error, done)| {
                RpcResponse { id, success, result, error, done }.into()
            }),
        chat_response().prop_map(Into::into),
        messages().prop_map(|messages| HistoryFrame { messages }.into()),
        message().prop_map(|message| MessageUpdated { message }.into()),
        Just(ServerFrame::ChatClear(Empty {})),
        (text(), option::of(text()))
            .prop_map(|(id, probe_id)| ResumingFrame { id, probe_id }.into()),
        (reason, option::of(text()), option::of(text()))
            .prop_map(|(reason, probe_id, error)| ResumeNone { reason, probe_id, error }.into()),
        (option::of(text()), option::of(text())).prop_map(|(id, probe_id)| PendingFrame {
            id,
            probe_id
        }
        .into()),
        (any::<bool>(), option::of(text())).prop_map(|(recovering, id)| RecoveringFrame {
            recovering,
            id
        }
        .into()),
    ]
    .boxed()
}
