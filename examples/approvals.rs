//! Tools that a person must approve, always or above some limit, and one that shows how far it is.

use std::time::Duration;

use domovoi_agents::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct FileArgs {
    /// The file's path below the current folder.
    path: String,
}

/// Deletes a file.
#[tool(needs_approval)]
async fn delete_file(file: FileArgs) -> Result<String> {
    Ok(format!("{} would be gone now", file.path))
}

#[derive(Deserialize, JsonSchema)]
struct OrderArgs {
    /// How many pieces to order.
    pieces: u32,
}

/// What is many is nothing to order by mistake.
fn is_large(order: &OrderArgs) -> bool {
    order.pieces > 10
}

/// Orders pieces of chalk.
#[tool(needs_approval = is_large, timeout_seconds = 60)]
async fn order_chalk(order: OrderArgs, cx: ToolContext) -> Result<String> {
    for packed in 0..order.pieces {
        cx.progress(&format!("{packed} of {} packed", order.pieces))?;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(format!("{} pieces are on their way", order.pieces))
}

fn main() -> std::process::ExitCode {
    domovoi::Domovoi::new().tool(delete_file).tool(order_chalk).run()
}
