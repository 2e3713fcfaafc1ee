// React as in a page: a document by jsdom, and components whose hook is `useAgent`, or another one on
// top of it.

import { after } from 'node:test';
import { JSDOM } from 'jsdom';
import WebSocket from 'ws';
import { QUICK } from './clients.mjs';
import { Watchers } from './watchers.mjs';

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
const { createElement, StrictMode, Suspense, useEffect } = await import('react');
const { createRoot } = await import('react-dom/client');
const { useAgent } = await import('agents/react');

/** Components of one test file. */
class Views {
  #host;
  #component;
  #mounted = [];

  /** Components that talk to one host. */
  constructor(host, component) {
    this.#host = host;
    this.#component = component;
  }

  /** Mounts a component; `options` are `useAgent`'s, and `strict` is for `StrictMode`. */
  mount({ strict = false, ...options }) {
    const view = new View(this.#component, { host: this.#host.address, ...options }, strict);
    this.#mounted.push(view);
    return view;
  }

  /** Mounts a component and waits until it is connected. */
  async connect(options) {
    const view = this.mount(options);
    await view.ready();
    return view;
  }

  unmountAll() {
    this.#mounted.forEach((view) => view.unmount());
  }
}

/** Components of a suite; they go away with it. */
export function useViews(host, component = AgentComponent) {
  const views = new Views(host, component);
  after(() => views.unmountAll());
  return views;
}

/** One component on the page. */
class View {
  #container = document.body.appendChild(document.createElement('div'));
  #root = createRoot(this.#container);
  #watchers = new Watchers();
  #component;
  #options;
  #strict;

  /** What the hook returned for the last render that reached the page. */
  agent;
  /** What the hook on top of it returned, where there is one. */
  chat;
  /** What the hooks' callbacks were called with, in order: `[name, ...arguments]`. */
  heard = [];

  constructor(component, options, strict) {
    this.#component = component;
    this.#options = options;
    this.#strict = strict;
    this.#render();
  }

  /** What the component shows. */
  get shown() {
    return JSON.parse(this.#container.textContent || 'null');
  }

  /** Renders it again with other options. */
  change(options) {
    this.#options = { ...this.#options, ...options };
    this.#render();
  }

  unmount() {
    this.#root.unmount();
    this.#container.remove();
  }

  /** Waits until something is so; looks after every render and every callback. */
  until(fits, seen = () => this) {
    return this.#watchers.until(fits, seen);
  }

  /** Waits until the component shows that the agent has been identified, on a socket that is open. */
  ready() {
    return this.until(({ agent, shown }) => shown?.identified && agent.readyState === agent.OPEN);
  }

  /** All that one callback was called with. */
  heardBy(name) {
    return this.heard.filter(([heard]) => heard === name).map(([, ...rest]) => rest);
  }

  committed(agent, chat) {
    this.agent = agent;
    this.chat = chat;
    this.#watchers.changed();
  }

  hear(...event) {
    this.heard.push(event);
    this.#watchers.changed();
  }

  #render() {
    const component = createElement(this.#component, { view: this, options: this.#options });
    const waiting = createElement(Suspense, { fallback: null }, component);
    this.#root.render(this.#strict ? createElement(StrictMode, null, waiting) : waiting);
  }
}

function AgentComponent({ view, options }) {
  const agent = useHeardAgent(view, options);
  useEffect(() => view.committed(agent));
  const { name, agent: type, identified, state, connectionError } = agent;
  return JSON.stringify({ name, type, identified, state, error: connectionError?.message });
}

/** `useAgent`, whose callbacks a view notes. */
export function useHeardAgent(view, options) {
  return useAgent({
    // `WebSocket` is not part of Node before 22.
    WebSocket,
    ...QUICK,
    ...options,
    onOpen: () => view.hear('open'),
    onClose: ({ code, reason }) => view.hear('close', code, reason),
    onIdentity: (name, agent) => view.hear('identity', name, agent),
    onStateUpdate: (state, source) => view.hear('state', state, source),
    onStateUpdateError: (error) => view.hear('state error', error),
    onConnectionError: (error) => view.hear('connection error', error),
    onMcpUpdate: (mcp) => view.hear('mcp', mcp),
  });
}
