// A turn of 200 tokens in `useAgentChat`, whose connection breaks after each of its chunks.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { cutAfter } from './support/cuts.mjs';
import { ReactChat, useChatViews } from './support/react-chat.mjs';
import { useHost } from './support/suite.mjs';
import { history, textOf } from './support/transcript.mjs';

const AGENT = 'bench-chat-agent';
const TOKENS = 200;
/**
 * It runs on for some time after the last token: a client of the npm package that comes back when its turn is
 * over is told so, and reads the history when the page is loaded again.
 */
const ORDER = `gen tokens=${TOKENS} pace=2 hold=400`;
/** Begin of the message, begin of its text, tokens, end of the text. */
const CHUNKS = TOKENS + 3;
const AT_ONCE = 12;
const WHOLE = Array.from({ length: TOKENS }, (_, token) => `tok${token} `).join('');

describe('useAgentChat and a connection that breaks in the middle of a turn', () => {
  const { host } = useHost();
  const views = useChatViews(host);

  it('has the whole answer after a break at any chunk', { timeout: 300_000 }, async () => {
    const chunks = Array.from({ length: CHUNKS }, (_, chunk) => chunk);
    await Promise.all(Array.from({ length: AT_ONCE }, () => work(chunks)));
  });

  async function work(chunks) {
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
      const WebSocket = cutAfter(chunk);
      const name = randomUUID();
      const chat = await ReactChat.join(views, { agent: AGENT, name, WebSocket });
      chat.submit(ORDER);
      await WebSocket.done;
      await chat.until(({ connected }) => connected);
      await chat.until((seen) => seen.status === 'ready' && textOf(seen.messages.at(-1)) === WHOLE);
      const { messages, error } = chat.seen;
      assert.equal(error, null);
      assert.deepEqual(messages.map(({ role }) => role), ['user', 'assistant'], `after ${chunk}`);
      const kept = await history(host, AGENT, name);
      assert.deepEqual(kept.map(textOf), messages.map(textOf));
      chat.close();
    }
  }
});
