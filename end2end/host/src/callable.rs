//! Every way a call can end.

use std::{future::pending, time::Duration};

use domovoi_agents::prelude::*;
use serde_json::Value;
use tokio::time::sleep;

#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct ValueState {
    value: i64,
}

#[derive(Default)]
pub(crate) struct TestCallableAgent;

#[agent(state = ValueState)]
impl TestCallableAgent {
    #[callable]
    fn add(&self, a: f64, b: f64) -> Value {
        let sum = a + b;
        // A whole number goes back as one, as in JavaScript.
        if sum.fract() == 0.0 { Value::from(sum as i64) } else { Value::from(sum) }
    }

    #[callable]
    async fn async_method(&self, ms: u64) -> &'static str {
        sleep(Duration::from_millis(ms)).await;
        "done"
    }

    #[callable]
    async fn delayed_throw(&self, ms: u64) -> Result<()> {
        sleep(Duration::from_millis(ms)).await;
        Err("delayed failure".into())
    }

    #[callable]
    fn throw_error(&self, message: String) -> Result<()> {
        Err(HandlerError::new(message))
    }

    #[callable]
    async fn hang(&self) {
        pending::<()>().await;
    }

    #[callable]
    fn void_method(&self) {}

    #[callable]
    fn return_null(&self) -> Value {
        Value::Null
    }

    #[callable]
    fn return_undefined(&self) {}

    /// Closes all connections just after answering with their number.
    #[callable]
    fn close_connections_for_test(&self, cx: &Context<Self>, code: u16, reason: String) -> usize {
        let connections = cx.connections();
        let count = connections.len();
        cx.spawn(async move {
            for connection in connections {
                connection.close(code, &reason);
            }
        });
        count
    }

    #[callable]
    fn stream_numbers(&self, stream: StreamingResponse, n: u64) -> Result<()> {
        for i in 0..n {
            stream.send(i)?;
        }
        stream.end(n)
    }

    #[callable]
    async fn stream_with_delay(
        &self,
        stream: StreamingResponse,
        chunks: Vec<String>,
        ms: u64,
    ) -> Result<()> {
        for chunk in chunks {
            sleep(Duration::from_millis(ms)).await;
            stream.send(chunk)?;
        }
        stream.end("complete")
    }

    #[callable]
    fn stream_error(&self, stream: StreamingResponse) -> Result<()> {
        stream.send("chunk1")?;
        Err("Stream failed".into())
    }

    #[callable]
    fn stream_graceful_error(&self, stream: StreamingResponse) -> Result<()> {
        stream.send("chunk1")?;
        stream.error("Graceful error");
        Ok(())
    }

    #[callable]
    fn stream_double_close(&self, stream: StreamingResponse) -> Result<()> {
        stream.send("chunk1")?;
        stream.error("First close");
        stream.end("ignored")?;
        stream.error("ignored as well");
        stream.send("ignored too")
    }

    #[callable]
    fn stream_throws_immediately(&self, stream: StreamingResponse) -> Result<()> {
        let _ = stream;
        Err("Immediate failure".into())
    }

    #[allow(dead_code, reason = "it is there so that nobody can call it")]
    fn private_method(&self) -> &'static str {
        "secret"
    }
}
