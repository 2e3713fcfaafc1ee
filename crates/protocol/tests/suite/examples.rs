//! Frames as they were seen on the wire of other implementations.

use domovoi_protocol::{
    Chunk, ClientFrame, ServerFrame,
    chat::{Outcome, Trigger},
    message::{Part, ToolState},
};

#[test]
fn frames_of_npm_clients() {
    for (text, kind) in [
        (r#"{"type":"cf_agent_state","state":{"count":1}}"#, "cf_agent_state"),
        (r#"{"args":[1,2],"id":"a1","method":"add","type":"rpc"}"#, "rpc"),
        (r#"{"type":"cf_agent_chat_request_cancel","id":"r1"}"#, "cf_agent_chat_request_cancel"),
        (r#"{"type":"cf_agent_chat_clear"}"#, "cf_agent_chat_clear"),
        (r#"{"type":"cf_agent_chat_messages","messages":[]}"#, "cf_agent_chat_messages"),
        (
            r#"{"type":"cf_agent_stream_resume_request","probeId":"p"}"#,
            "cf_agent_stream_resume_request",
        ),
        (r#"{"type":"cf_agent_stream_resume_ack","id":"r1"}"#, "cf_agent_stream_resume_ack"),
        (
            r#"{"type":"cf_agent_tool_result","toolCallId":"c","toolName":"t","output":null,"autoContinue":true,"clientTools":[{"name":"t","description":"d","parameters":{}}]}"#,
            "cf_agent_tool_result",
        ),
        (
            r#"{"type":"cf_agent_tool_approval","toolCallId":"c","approved":true,"autoContinue":true}"#,
            "cf_agent_tool_approval",
        ),
        (
            r#"{"type":"cf_agent_tool_approval","toolCallId":"c","approved":false}"#,
            "cf_agent_tool_approval",
        ),
    ] {
        let frame = ClientFrame::parse(text).unwrap().unwrap();
        assert_eq!(frame.kind(), kind, "{text}");
    }
}

#[test]
fn frames_of_the_server() {
    for (text, kind) in [
        (r#"{"type":"cf_agent_identity","name":"n","agent":"my-agent"}"#, "cf_agent_identity"),
        (r#"{"type":"cf_agent_state","state":null}"#, "cf_agent_state"),
        (
            r#"{"type":"cf_agent_state_error","error":"Connection is readonly"}"#,
            "cf_agent_state_error",
        ),
        (
            r#"{"type":"cf_agent_mcp_servers","mcp":{"servers":{},"tools":[],"prompts":[],"resources":[]}}"#,
            "cf_agent_mcp_servers",
        ),
        (r#"{"type":"rpc","id":"a","success":true,"done":true}"#, "rpc"),
        (r#"{"type":"rpc","id":"a","success":false,"error":"Method X does not exist"}"#, "rpc"),
        (r#"{"type":"cf_agent_stream_resuming","id":"r"}"#, "cf_agent_stream_resuming"),
        (
            r#"{"type":"cf_agent_stream_resume_none","reason":"continuation-owned","probeId":"p"}"#,
            "cf_agent_stream_resume_none",
        ),
        (r#"{"type":"cf_agent_stream_pending"}"#, "cf_agent_stream_pending"),
        (r#"{"type":"cf_agent_chat_recovering","recovering":true}"#, "cf_agent_chat_recovering"),
    ] {
        let frame = ServerFrame::parse(text).unwrap().unwrap();
        assert_eq!(frame.kind(), kind, "{text}");
    }
}

#[test]
fn a_chat_request_of_today_and_of_the_early_days() {
    let today = r#"{"id":"r1","init":{"method":"POST","body":"{\"messages\":[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"Hi\"}],\"id\":\"u1\"}],\"trigger\":\"submit-message\",\"tone\":\"dry\"}"},"type":"cf_agent_use_chat_request"}"#;
    let Some(ClientFrame::ChatRequest(request)) = ClientFrame::parse(today).unwrap() else {
        panic!("not a chat request")
    };
    let body = request.body().unwrap();
    assert_eq!(body.trigger, Trigger::SubmitMessage);
    assert_eq!(body.messages[0].text(), "Hi");
    assert_eq!(body.custom["tone"], "dry");

    let early = r#"{"id":"r1","type":"cf_agent_use_chat_request","url":"/api/chat","init":{"method":"POST","credentials":null,"body":"{\"id\":\"x\",\"messages\":[{\"id\":\"u1\",\"role\":\"user\",\"content\":\"Hi\",\"createdAt\":\"2025-01-01T00:00:00Z\",\"parts\":[{\"type\":\"text\",\"text\":\"Hi\"}]}]}"}}"#;
    let Some(ClientFrame::ChatRequest(request)) = ClientFrame::parse(early).unwrap() else {
        panic!("not a chat request")
    };
    assert_eq!(request.body().unwrap().messages[0].text(), "Hi");
}

#[test]
fn responses() {
    let text = r#"{"type":"cf_agent_use_chat_response","id":"r","body":"{\"type\":\"text-delta\",\"id\":\"t\",\"delta\":\"Hel\"}","done":false,"seq":2,"replay":true}"#;
    let Some(ServerFrame::ChatResponse(response)) = ServerFrame::parse(text).unwrap() else {
        panic!("not a response")
    };
    assert_eq!((response.seq, response.replay, response.done), (Some(2), Some(true), false));
    assert_eq!(Chunk::parse(&response.body).unwrap(), Chunk::text_delta("t", "Hel"));

    let text = r#"{"type":"cf_agent_use_chat_response","id":"r","body":"","done":true,"outcome":"error","messageIds":["u1"]}"#;
    let Some(ServerFrame::ChatResponse(response)) = ServerFrame::parse(text).unwrap() else {
        panic!("not a response")
    };
    assert_eq!((response.done, response.outcome), (true, Some(Outcome::Error)));
}

#[test]
fn a_persisted_message_keeps_fields_only_others_use() {
    let text = r#"{"id":"a1","role":"assistant","parts":[{"type":"step-start"},{"type":"tool-getWeather","toolName":"getWeather","toolCallId":"c","state":"output-available","input":{"city":"Oslo"},"output":"cold","preliminary":false,"callProviderMetadata":{"x":1}},{"type":"text","text":"Cold.","state":"done"}]}"#;
    let message: domovoi_protocol::UiMessage = serde_json::from_str(text).unwrap();
    let tool = message.tool("c").unwrap();
    assert_eq!((tool.name(), tool.state), ("getWeather", ToolState::OutputAvailable));
    assert!(matches!(message.parts[0], Part::StepStart));
    let back: serde_json::Value = serde_json::to_value(&message).unwrap();
    assert_eq!(back, serde_json::from_str::<serde_json::Value>(text).unwrap());
}
