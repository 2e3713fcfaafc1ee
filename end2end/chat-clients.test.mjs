// The same script for `useAgentChat` and for our own client: both end with the same messages, and with
// those the server has.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { OurChat } from './support/our-chat.mjs';
import { Proxy } from './support/proxy.mjs';
import { ReactChat, useChatViews } from './support/react-chat.mjs';
import { useHost } from './support/suite.mjs';
import { comparable, history, rests, textOf } from './support/transcript.mjs';

const LIMIT = { timeout: 60_000 };

const answer = ({ messages }) => (messages.at(-1)?.role === 'assistant' ? textOf(messages.at(-1)) : '');
const tools = ({ messages }) => messages.flatMap(({ parts }) => parts).filter(({ toolCallId }) => toolCallId);

const SCRIPTS = {
  'asks and is answered': {
    agent: 'chat-agent',
    async run(chat) {
      await ask(chat, 'Hello');
      await ask(chat, 'Hello again');
      assert.deepEqual(chat.seen.messages.map(textOf), [
        'Hello',
        'Hello from e2e agent!',
        'Hello again',
        'Hello from e2e agent!',
      ]);
    },
  },
  'sees an answer grow and stops it': {
    agent: 'slow-agent',
    async run(chat) {
      chat.submit('Hello');
      await chat.until((seen) => answer(seen).startsWith('chunk-1 chunk-2'));
      assert.equal(chat.seen.status, 'streaming');
      chat.stop();
      await chat.until(rests);
    },
    // How much was said before the stop is a matter of time.
    same: (messages) => messages.map(({ role }) => role),
  },
  'clears the conversation': {
    agent: 'chat-agent',
    async run(chat) {
      await ask(chat, 'Hello');
      chat.clear();
      await chat.until(({ messages }) => messages.length === 0);
      await ask(chat, 'Hello again');
      assert.equal(chat.seen.messages.length, 2);
    },
  },
  'asks for another answer': {
    agent: 'bench-chat-agent',
    async run(chat) {
      await ask(chat, 'gen tokens=5 pace=0');
      const [, { id }] = chat.seen.messages;
      chat.regenerate();
      await chat.until((seen) => seen.messages.length === 2 && seen.messages[1].id !== id && rests(seen));
      assert.equal(answer(chat.seen), 'tok0 tok1 tok2 tok3 tok4 ');
    },
  },
  'goes on when the connection has broken': {
    agent: 'slow-agent',
    async run(chat, { proxy }) {
      chat.submit('Hello');
      await chat.until((seen) => answer(seen).startsWith('chunk-1 chunk-2'));
      proxy.cut();
      await chat.until(({ connected }) => !connected);
      await chat.until((seen) => answer(seen) === 'chunk-1 chunk-2 chunk-3 chunk-4 chunk-5' && rests(seen));
      assert.equal(chat.seen.error, null);
    },
  },
  'sees a tool of the server': {
    agent: 'tool-agent',
    async run(chat) {
      await ask(chat, 'server-tool', 'Done.');
      assert.deepEqual(tools(chat.seen)[0].output, { city: 'Oslo', temperature: 4 });
    },
  },
  'sees two calls at once': {
    agent: 'tool-agent',
    async run(chat) {
      await ask(chat, 'parallel', 'Done.');
      assert.deepEqual(tools(chat.seen).map(({ output }) => output.city), ['Oslo', 'Rome']);
    },
  },
  'sees a call with wrong arguments': {
    agent: 'tool-agent',
    async run(chat) {
      await ask(chat, 'bad-args', 'Done.');
      assert.equal(tools(chat.seen)[0].state, 'output-error');
    },
  },
  'approves a call': {
    agent: 'tool-agent',
    async run(chat) {
      chat.submit('approval');
      await chat.until((seen) => tools(seen)[0]?.state === 'approval-requested' && rests(seen));
      chat.decide(true);
      await chat.until((seen) => answer(seen) === 'Done.' && rests(seen));
      assert.deepEqual(tools(chat.seen)[0].output, { deleted: 'a.txt' });
    },
  },
  'rejects a call': {
    agent: 'tool-agent',
    async run(chat) {
      chat.submit('approval');
      await chat.until((seen) => tools(seen)[0]?.state === 'approval-requested' && rests(seen));
      chat.decide(false);
      await chat.until((seen) => answer(seen) === 'Done.' && tools(seen)[0].state === 'output-denied' && rests(seen));
      assert.equal(chat.seen.messages.length, 2);
    },
  },
  'answers a tool of its own': {
    agent: 'tool-agent',
    async run(chat) {
      chat.submit('client-tool');
      await chat.until((seen) => tools(seen)[0]?.state === 'input-available' && rests(seen));
      chat.output({ timezone: 'Europe/Oslo' });
      await chat.until((seen) => answer(seen) === 'Done.' && rests(seen));
      assert.deepEqual(tools(chat.seen)[0].output, { timezone: 'Europe/Oslo' });
      assert.equal(chat.seen.messages.length, 2);
    },
  },
  'goes on when the connection has broken after a tool of its own': {
    agent: 'tool-agent',
    async run(chat, { proxy }) {
      chat.submit('client-tool');
      await chat.until((seen) => tools(seen)[0]?.state === 'input-available' && rests(seen));
      chat.output({ timezone: 'Europe/Oslo' });
      await chat.until((seen) => answer(seen) === 'Done.' || seen.status === 'streaming');
      proxy.cut();
      await chat.until(({ connected }) => !connected);
      await chat.until((seen) => answer(seen) === 'Done.' && rests(seen) && seen.connected);
      assert.equal(chat.seen.messages.length, 2);
    },
  },
  'is told what went wrong': {
    agent: 'bad-key-agent',
    async run(chat) {
      chat.submit('Hello');
      await chat.until(({ status }) => status === 'error');
      assert.match(chat.seen.error, /key/i);
    },
    // The AI SDK shows an answer that has failed before its first word until the history is read again.
    same: (messages) => messages.slice(0, 1),
  },
  'gets data parts': {
    agent: 'data-parts-agent',
    async run(chat) {
      await ask(chat, 'Hello', 'Hello from data agent');
    },
  },
  'has no more than the server keeps': {
    agent: 'max-persisted-agent',
    async run(chat) {
      for (const text of ['one', 'two', 'three']) await ask(chat, text, 'Acknowledged');
    },
    // npm's client sees what the server has dropped until the history is read again.
    same: (messages) => messages.slice(-4),
  },
};

describe('a conversation by useAgentChat and by our client', () => {
  const { host } = useHost();
  const views = useChatViews(host);
  const ours = [];
  let proxy;
  before(async () => {
    proxy = await Proxy.start(host.address);
  });
  after(() => {
    ours.forEach((chat) => chat.close());
    proxy.close();
  });

  const clients = {
    useAgentChat: (options) => ReactChat.join(views, options),
    'our client': async (options) => {
      const chat = await OurChat.join(options);
      ours.push(chat);
      return chat;
    },
  };

  for (const [title, { agent, run, same = (messages) => messages }] of Object.entries(SCRIPTS)) {
    it(title, LIMIT, async () => {
      const ended = {};
      for (const [client, join] of Object.entries(clients)) {
        const name = randomUUID();
        const chat = await join({ host: proxy.address, agent, name });
        await run(chat, { proxy });
        ended[client] = await agreed(chat, same, () => history(host, agent, name));
        chat.close();
      }
      assert.deepEqual(ended.useAgentChat, ended['our client']);
    });
  }
});

/**
 * The messages of the server, once the client has the same. Either may be behind: a client stops before the
 * server has heard of it, and is told of the end after the server has written it down.
 */
async function agreed(chat, same, read) {
  const seen = () => comparable(same(chat.seen.messages));
  for (const end = Date.now() + 10_000; ; ) {
    const kept = comparable(same(await read()));
    if (isDeepStrictEqual(seen(), kept)) return kept;
    if (Date.now() > end) assert.deepEqual(seen(), kept);
  }
}

/** Asks and waits for the whole answer. */
async function ask(chat, question, whole) {
  const before = chat.seen.messages.at(-1)?.id;
  chat.submit(question);
  await chat.until((seen) => {
    const last = seen.messages.at(-1);
    return last?.role === 'assistant' && last.id !== before && rests(seen) && (!whole || answer(seen) === whole);
  });
}
