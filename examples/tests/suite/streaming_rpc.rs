use futures::StreamExt;

use crate::serve;

#[tokio::test]
async fn a_client_reads_streams_to_their_ends() {
    let (_folder, example) = serve(env!("CARGO_BIN_EXE_streaming_rpc"));
    let client = tokio::process::Command::new(env!("CARGO_BIN_EXE_client"))
        .arg(example.url(""))
        .output()
        .await
        .unwrap();
    let printed = String::from_utf8(client.stdout).unwrap();
    let lines: Vec<&str> = printed.lines().take(9).collect();
    assert_eq!(
        lines,
        [
            "connected",
            "10 lift-off",
            "3",
            "2",
            "1",
            "lift-off",
            "3",
            "error: the weather is bad",
            "closed: 1000 closed by this side",
        ],
    );
}

#[tokio::test]
async fn a_stream_outlives_its_method() {
    let (_folder, example) = serve(env!("CARGO_BIN_EXE_streaming_rpc"));
    let client = example.connect("countdown", "main");
    client.start();
    let mut ticks = client.call_stream::<u32>("clock", ()).unwrap();
    for tick in 0..3 {
        assert_eq!(ticks.next().await.unwrap().unwrap(), tick);
    }
}
