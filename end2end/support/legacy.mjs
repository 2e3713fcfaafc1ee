// A page from the time of `ai` 4: the old packages' `useAgent` and `useAgentChat` in a document by
// jsdom. The packages are in a folder of their own, beside those of today.

import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { after } from 'node:test';
import { JSDOM } from 'jsdom';
import WebSocket from 'ws';
import { QUICK } from './clients.mjs';
import { Watchers } from './watchers.mjs';

const folder = fileURLToPath(new URL('../legacy/', import.meta.url));
const { resolve } = createRequire(path.join(folder, 'package.json'));

// It decides when it is loaded whether its events are a browser's or Node's: these sockets are Node's.
await import(pathToFileURL(path.join(folder, 'node_modules/partysocket/dist/index.mjs')));

const page = new JSDOM('<!doctype html>', { url: 'http://localhost/' });
for (const [name, value] of [
  ['window', page.window],
  ['document', page.window.document],
  ['navigator', page.window.navigator],
]) {
  // `navigator` is read-only from Node 21 on.
  Object.defineProperty(globalThis, name, { value, configurable: true });
}

// They look at the page when they are loaded.
const load = (name) => import(pathToFileURL(resolve(name)));
const { createElement, Suspense, useEffect } = (await load('react')).default;
const { createRoot } = (await load('react-dom/client')).default;
const { useAgent } = await load('agents/react');
const { useAgentChat } = await load('agents/ai-react');

/** Pages of a suite; they go away with it. */
export function useOldPages(host) {
  const opened = [];
  after(() => opened.forEach((one) => one.close()));
  return {
    /** Opens a page, and waits until its chat is there and its socket open. */
    async open(options) {
      const one = new OldPage({ host: host.address, ...options });
      opened.push(one);
      await one.until(({ chat, agent }) => chat && agent.readyState === agent.OPEN);
      return one;
    },
  };
}

/** One page with one chat. */
class OldPage {
  #container = document.body.appendChild(document.createElement('div'));
  #root = createRoot(this.#container);
  #watchers = new Watchers();

  /** What the hooks returned for the last render. */
  agent;
  chat;
  /** Everything the server sent. */
  frames = [];

  constructor({ chat = {}, ...agent }) {
    const component = createElement(ChatComponent, { page: this, options: { agent, chat } });
    this.#root.render(createElement(Suspense, { fallback: null }, component));
  }

  /** Says something. */
  say(content) {
    return this.chat.append({ role: 'user', content });
  }

  /** The conversation as a person reads it: `[role, text]` each. */
  get said() {
    return this.chat.messages.map(({ role, content }) => [role, content]);
  }

  /** The tool calls of the newest message. */
  get calls() {
    return this.chat.messages.at(-1)?.toolInvocations ?? [];
  }

  /** Waits until something is so; looks after every render and every frame. */
  until(fits) {
    return this.#watchers.until(fits, () => this);
  }

  /** Waits until a turn has ended in `count` messages. */
  settled(count) {
    return this.until(({ chat }) => chat.status === 'ready' && chat.messages.length === count);
  }

  close() {
    this.agent?.close();
    this.#root.unmount();
    this.#container.remove();
  }

  rendered(agent, chat) {
    this.agent = agent;
    this.chat = chat;
    this.#watchers.changed();
  }

  heard(data) {
    this.frames.push(JSON.parse(data));
    this.#watchers.changed();
  }
}

function ChatComponent({ page, options }) {
  const agent = useAgent({
    // `WebSocket` is not part of Node before 22.
    WebSocket,
    ...QUICK,
    ...options.agent,
    onOpen: () => page.rendered(page.agent ?? agent, page.chat),
    onMessage: ({ data }) => page.heard(data),
  });
  const chat = useAgentChat({ agent, ...options.chat });
  useEffect(() => page.rendered(agent, chat));
  return null;
}
