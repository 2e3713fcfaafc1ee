//! Chats under load: what a token costs, and what a turn.

use anyhow::Result;

use super::{
    Depth,
    agents::CPU,
    figure::{Figure, Limit},
    load::{
        Kind::{Agents, Bare},
        Load, Series,
    },
    page::Section,
};
use crate::{progress::step, workspace::Workspace};

const ABOUT: &str = "\
The model makes tokens and costs nothing; every turn is journalled and persisted. The bare server\n\
writes the same frames to its sockets and keeps nothing. Servers are started anew for each scenario and\n\
measured in turns. Processor time is the server's own. Limits of tokens and turns are those of a machine on\n\
which the bare server takes 0.6 ms of processor time for 1,000 tokens of 50 chats; where it takes longer in the\n\
same run, they are wider in proportion. The last column is the same on Cloudflare's\n\
SDK under their local runtime, on two cores; in parentheses with their version 0.0.88.";

const CPU_TOKENS: &str = "cpu_seconds_per_1000_tokens";
const FIRST: &str = "first_token_p50_seconds";
const P50: &str = "p50_seconds";

/// Processor time of the bare server for 1,000 tokens of 50 chats where the limits were set, in seconds.
const BARE_TOKENS: f64 = 0.6e-3;

/// The load that tells how fast a machine is.
const YARDSTICK: &str = "chat --chats 50 --turns 20";

/// How much slower this machine is than the one where the limits were set.
fn slowness(bare: &Series) -> Result<f64> {
    Ok((bare.median(CPU_TOKENS)? / BARE_TOKENS).max(1.0))
}

/// A long conversation may cost so much more than an empty one.
const LONG: Limit = Limit::AtMost(1.2);

/// How often and how much.
struct Amounts {
    rounds: usize,
    divisor: usize,
}

impl Amounts {
    fn of(depth: Depth) -> Self {
        match depth {
            Depth::Full => Self { rounds: 5, divisor: 1 },
            Depth::Quick => Self { rounds: 1, divisor: 4 },
        }
    }
}

/// Builds the servers and the load, and measures.
pub(super) fn measure(workspace: &Workspace, depth: Depth) -> Result<Section> {
    let load = Load::prepare(workspace)?;
    let amounts = Amounts::of(depth);
    let mut figures = vec![];
    let mut failed = 0;
    for (name, scenario) in [
        ("tokens", tokens as fn(&Load, &Amounts, &mut Vec<Figure>) -> Result<()>),
        ("first tokens", first_tokens),
        ("short turns", short_turns),
        ("long conversations", long_conversations),
        ("taking up a turn", resume),
    ] {
        // One scenario that fails leaves the others' figures.
        if let Err(error) = step(name, || scenario(&load, &amounts, &mut figures)) {
            eprintln!("error: {name}: {error:#}");
            failed += 1;
        }
    }
    Ok(Section { heading: "Chats under load", about: ABOUT, figures, curves: None, failed })
}

fn tokens(load: &Load, amounts: &Amounts, figures: &mut Vec<Figure>) -> Result<()> {
    let one = format!("chat --chats 1 --turns {}", 400 / amounts.divisor);
    let paced = format!("chat --chats 50 --turns {} --pace 5 --warm-up 1", 8 / amounts.divisor);
    let [bare_one, one, bare_many, many, bare_paced, paced] = load.turns(
        amounts.rounds,
        [
            (Bare, &one),
            (Agents, &one),
            (Bare, YARDSTICK),
            (Agents, YARDSTICK),
            (Bare, &paced),
            (Agents, &paced),
        ],
    )?;
    let slowness = slowness(&bare_many)?;
    figures.extend([
        Figure::new(
            "chat_fast_1_cpu",
            "200-token turns as fast as possible: processor time of 1,000 tokens",
            one.median(CPU_TOKENS)?,
            "s",
        )
        .limit(Limit::AtMost(2.5e-3 * slowness))
        .peer("53-71 ms (27-31)"),
        Figure::new("chat_fast_1_bare_cpu", "the same, bare", bare_one.median(CPU_TOKENS)?, "s"),
        Figure::new(
            "chat_fast_50_cpu",
            "the same, 50 chats at once",
            many.median(CPU_TOKENS)?,
            "s",
        )
        .limit(Limit::AtMost(2.5e-3 * slowness))
        .peer("53-71 ms (27-31)"),
        Figure::new("chat_fast_50_bare_cpu", "the same, bare", bare_many.median(CPU_TOKENS)?, "s"),
        Figure::new(
            "chat_paced_cpu",
            "a token every 5 ms in each of 50 chats: processor time of 1,000 tokens",
            paced.median(CPU_TOKENS)?,
            "s",
        )
        .peer("142 ms (95)"),
        Figure::new("chat_paced_bare_cpu", "the same, bare", bare_paced.median(CPU_TOKENS)?, "s"),
        Figure::new(
            "chat_paced_cpu_to_bare",
            "the same as a multiple of the bare server's",
            paced.ratio(&bare_paced, CPU_TOKENS)?,
            "",
        )
        .limit(Limit::AtMost(1.3)),
    ]);
    Ok(())
}

fn first_tokens(load: &Load, amounts: &Amounts, figures: &mut Vec<Figure>) -> Result<()> {
    // A fast model and a slow one.
    let turns = 200 / amounts.divisor;
    let soon = format!("chat --tokens 3 --pace 5 --turns {turns} --first-after 10");
    let late = format!("chat --tokens 3 --pace 5 --turns {turns} --first-after 100");
    let [bare, soon, late] =
        load.turns(amounts.rounds, [(Bare, &soon), (Agents, &soon), (Agents, &late)])?;
    figures.extend([
        Figure::new(
            "chat_first_token",
            "the model's first token until its frame, from a model that takes 10 ms: median",
            soon.median(FIRST)?,
            "s",
        )
        .limit(Limit::AtMost(0.4e-3))
        .peer("8.7-9.7 ms (4.4)"),
        Figure::new(
            "chat_first_token_late",
            "the same, from a model that takes 100 ms",
            late.median(FIRST)?,
            "s",
        )
        .limit(Limit::AtMost(0.4e-3)),
        Figure::new("chat_first_token_bare", "the same, bare", bare.median(FIRST)?, "s"),
    ]);
    Ok(())
}

fn short_turns(load: &Load, amounts: &Amounts, figures: &mut Vec<Figure>) -> Result<()> {
    let one = format!("chat --tokens 10 --warm-up 300 --turns {}", 12_000 / amounts.divisor);
    let many =
        format!("chat --tokens 10 --chats 32 --warm-up 30 --turns {}", 1_000 / amounts.divisor);
    let [bare, one, many] =
        load.turns(amounts.rounds, [(Bare, YARDSTICK), (Agents, &one), (Agents, &many)])?;
    let slowness = slowness(&bare)?;
    figures.extend([
        Figure::new(
            "chat_turns_1",
            "10-token turns, persisted, in one chat",
            one.median("per_second")?,
            "/s",
        )
        .limit(Limit::AtLeast(3_000.0 / slowness))
        .peer("214-229 (353) a second"),
        Figure::new(
            "chat_turns_32",
            "the same, 32 chats at once",
            many.median("per_second")?,
            "/s",
        )
        .limit(Limit::AtLeast(5_000.0 / slowness))
        .peer("288-330 (1,148) a second"),
        Figure::new("chat_turns_32_cpu", "processor time of such a turn", many.median(CPU)?, "s")
            .limit(Limit::AtMost(0.2e-3 * slowness))
            .peer("3.3-3.6 ms (0.7)"),
    ]);
    Ok(())
}

fn long_conversations(load: &Load, amounts: &Amounts, figures: &mut Vec<Figure>) -> Result<()> {
    let turns = 2_000 / amounts.divisor;
    let empty = format!("long-chat --messages 0 --turns {turns}");
    let long = format!("long-chat --messages 10000 --turns {turns}");
    let [empty, long] = load.turns(amounts.rounds, [(Agents, &empty), (Agents, &long)])?;
    figures.extend([
        Figure::new(
            "chat_long_p50",
            "a 10-token turn in a conversation of 10,000 messages: median",
            long.median(P50)?,
            "s",
        )
        .peer("grows with the history"),
        Figure::new(
            "chat_long_p50_to_empty",
            "the same as a multiple of an empty one's",
            long.ratio(&empty, P50)?,
            "",
        )
        .limit(LONG),
        Figure::new(
            "chat_long_cpu_to_empty",
            "processor time, as a multiple",
            long.ratio(&empty, CPU)?,
            "",
        )
        .limit(LONG),
        Figure::new(
            "chat_long_bytes_to_empty",
            "bytes to the client that asks, as a multiple",
            long.ratio(&empty, "bytes")?,
            "",
        )
        .limit(LONG),
        Figure::new(
            "chat_long_watcher_bytes_to_empty",
            "bytes to another client, as a multiple",
            long.ratio(&empty, "watcher_bytes")?,
            "",
        )
        .limit(LONG),
    ]);
    Ok(())
}

fn resume(load: &Load, _amounts: &Amounts, figures: &mut Vec<Figure>) -> Result<()> {
    let [resume] = load.turns(1, [(Agents, "resume")])?;
    figures.extend([
        Figure::new(
            "chat_resume_chunks",
            "a running turn of 5,000 chunks, taken up by a client that has 4,990: chunks sent",
            resume.median("chunks")?,
            "chunks",
        )
        .limit(Limit::AtMost(10.0))
        .peer("all"),
        Figure::new("chat_resume_bytes", "the same, bytes", resume.median("bytes")?, "bytes"),
        Figure::new(
            "chat_resume_whole",
            "the same to a client that has nothing, bytes",
            resume.median("whole_bytes")?,
            "bytes",
        ),
        Figure::new(
            "chat_resume_p50",
            "from connecting to being up to date: median",
            resume.median(P50)?,
            "s",
        ),
    ]);
    Ok(())
}
