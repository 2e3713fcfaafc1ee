// What a browser says of the page, as one line of JSON: Lighthouse's scores, how soon a long conversation
// is there and how smoothly it moves, and how busy an answer that streams keeps the page.

import { randomUUID } from 'node:crypto';
import lighthouse from 'lighthouse';
import { hydrated, launch } from '../support/browser.mjs';
import { Chat, conversationOf } from '../support/chat.mjs';
import { providerConfig, Server } from '../support/server.mjs';
import { startProvider } from './provider.mjs';

/** The port on which Lighthouse finds the browser. */
const DEVTOOLS_PORT = 9_333;
const MESSAGES = 1_000;
const TOKENS_PER_SECOND = 200;
const TOKENS = 2_000;

const provider = await startProvider({ tokens: TOKENS, perSecond: TOKENS_PER_SECOND });
const server = await Server.start({
  config: providerConfig('steady'),
  env: { OPENAI_BASE_URL: provider.url, OPENAI_API_KEY: 'x' },
});
const browser = await launch([`--remote-debugging-port=${DEVTOOLS_PORT}`]);
try {
  const id = await longConversation();
  const figures = { ...(await scores(id)), ...(await long(id)), ...(await streaming()) };
  console.log(JSON.stringify(figures));
} finally {
  await browser.close();
  await server.dispose();
  provider.stop();
}

/** A conversation of many messages with Markdown in them. */
function longConversation() {
  const messages = Array.from({ length: MESSAGES }, (_, at) => ({
    id: `m${at}`,
    role: at % 2 ? 'assistant' : 'user',
    parts: [{ type: 'text', text: at % 2 ? `Answer **${at}**:\n\n- one\n- two\n\n\`\`\`rust\nlet x = ${at};\n\`\`\`` : `Question ${at}?` }],
  }));
  return conversationOf(server.origin, messages);
}

/** Lighthouse's scores of the conversation's page, from 0 to 100. */
async function scores(id) {
  const options = {
    port: DEVTOOLS_PORT,
    output: 'json',
    logLevel: 'silent',
    onlyCategories: ['performance', 'accessibility', 'best-practices'],
    formFactor: 'desktop',
    screenEmulation: { mobile: false, width: 1350, height: 940, deviceScaleFactor: 1, disabled: false },
    throttling: { rttMs: 40, throughputKbps: 10_240, cpuSlowdownMultiplier: 1, requestLatencyMs: 0, downloadThroughputKbps: 0, uploadThroughputKbps: 0 },
  };
  const { lhr } = await lighthouse(`${server.origin}/c/${id}`, options);
  const score = (name) => Math.round(lhr.categories[name].score * 100);
  for (const { title, score, displayValue } of Object.values(lhr.audits)) {
    if (score !== null && score < 0.9) console.error(`Lighthouse: ${title} ${displayValue ?? ''} (${score})`);
  }
  return {
    lighthouse_performance: score('performance'),
    lighthouse_accessibility: score('accessibility'),
    lighthouse_best_practices: score('best-practices'),
    first_contentful_paint_seconds: lhr.audits['first-contentful-paint'].numericValue / 1000,
  };
}

/** How soon the long conversation is there, and the long frames while all of it is scrolled through and somebody types. */
async function long(id) {
  const page = await browser.newPage();
  const began = performance.now();
  await page.goto(`${server.origin}/c/${id}`);
  await hydrated(page);
  await page.getByText(`Answer ${MESSAGES - 1}:`).waitFor();
  const open = (performance.now() - began) / 1000;
  const long = await frames(page, async () => {
    await page.mouse.move(640, 400);
    const begin = page.locator('[data-message-id="m0"]');
    while ((await begin.count()) === 0) await page.mouse.wheel(0, -600);
    for (let at = 0; at < 60; at += 1) await page.mouse.wheel(0, at % 2 ? 900 : -600);
    await page.locator('[data-testid="composer-input"]').pressSequentially('Typed into a long conversation.');
  });
  await page.close();
  return { open_1000_messages_seconds: open, long_frame_share: long };
}

/** The share of frames that took more than two of a screen's, while something is done. */
async function frames(page, work) {
  await page.evaluate(() => {
    globalThis.frames = [];
    let last = performance.now();
    const next = (now) => {
      globalThis.frames.push(now - last);
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  await work();
  const all = await page.evaluate(() => globalThis.frames);
  return all.filter((milliseconds) => milliseconds > 34).length / all.length;
}

/**
 * The share of time the page's main thread is busy while an answer streams: its processor time, since it shares
 * the processor with the server.
 */
async function streaming() {
  const chat = await Chat.open(browser, server.origin, randomUUID());
  const devtools = await chat.page.context().newCDPSession(chat.page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const measure = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    const of = (wanted) => metrics.find(({ name }) => name === wanted).value;
    return { at: performance.now() / 1000, busy: of('TaskDuration') };
  };
  await chat.ask('Go on.');
  await chat.answerOf(100);
  const before = await measure();
  // Whoever waits in the page asks it with each frame, and that is work too.
  await provider.ended;
  const after = await measure();
  await chat.page.close();
  return { streaming_busy_share: (after.busy - before.busy) / (after.at - before.at) };
}
