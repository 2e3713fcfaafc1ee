// What a page shows, taken in one look, and waiting until several pages show the same.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { history, textOf, words } from './chat.mjs';

/** How long pages may take to show the same; a phone that comes back connects anew meanwhile. */
const LIMIT_MS = 30_000;

/** Nobody is told when three pages have been drawn, so they are looked at this often. */
const PAUSE_MS = 50;

/**
 * Waits until all pages show the same, which is at rest, as `fits` says, and what the server has; answers what they
 * show. Pages must be on the same conversation, and none of them frozen: it would not answer.
 */
export async function agree(what, chats, fits = answered) {
  const [{ page, id }] = chats;
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const views = await Promise.all(chats.map((chat) => chat.page.evaluate(look)));
    const kept = (await history(new URL(page.url()).origin, id)).map(({ id, role, ...rest }) => [id, role, said(textOf(rest))]);
    const problem = differ(views, kept, fits);
    if (!problem) return views[0];
    if (Date.now() > deadline) {
      const shown = inspect({ views, kept }, { depth: 6, breakLength: 160 });
      assert.fail(`${what}: ${problem}\n${shown}`);
    }
    await page.waitForTimeout(PAUSE_MS);
  }
}

/** The last question has its answer, and nothing else is said below it. */
export function answered({ rows, busy, note }) {
  return !busy && note === '' && rows.at(-1)?.status === 'done';
}

/** What is wrong with these views; nothing where they are the same. */
function differ(views, kept, fits) {
  const [first, ...others] = views.map((view) => JSON.stringify(view));
  const other = others.findIndex((view) => view !== first);
  if (other >= 0) return `page ${other + 2} does not show what the first does`;
  const [view] = views;
  if (view.connection !== 'open') return 'there is no connection';
  // What is being written is not kept yet.
  const whole = view.rows.filter(({ status }) => status !== 'streaming');
  const shown = whole.map(({ id, role, text }) => [id, role, said(text)]);
  if (JSON.stringify(shown) !== JSON.stringify(kept)) return 'the server has something else';
  return fits(view) ? undefined : `it is not so that ${fits}`;
}

function said(text) {
  return words(text).join(' ');
}

/** Everything a person sees of a conversation and of the list, but what is theirs alone. Runs in the page. */
function look() {
  const byId = (name) => `[data-testid="${name}"]`;
  const text = (node) => node?.textContent.replace(/\s+/g, ' ').trim() ?? '';
  const all = (selector, read) => [...document.querySelectorAll(selector)].map(read);
  const rows = all(`${byId('message-user')}, ${byId('message-assistant')}`, (row) => {
    const copy = row.cloneNode(true);
    const part = (name) => {
      const found = copy.querySelector(byId(name));
      found?.remove();
      return found;
    };
    const [bar, asks, tool] = ['message-bar', 'approval', 'tool'].map(part);
    // What somebody is about to say in the place of it is theirs.
    copy.querySelector(byId('edit-input'))?.parentElement.remove();
    return {
      id: row.dataset.messageId,
      role: row.dataset.testid.replace('message-', ''),
      status: row.dataset.status,
      text: text(copy),
      version: text(bar?.querySelector(byId('version'))),
      details: text(bar?.querySelector(byId('details'))),
      asks: text(asks),
      tool: text(tool),
    };
  });
  return {
    path: location.pathname,
    title: document.title,
    connection: document.querySelector(byId('connection-state'))?.dataset.state,
    rows,
    // Below the messages: that an answer is awaited, or how the last turn ended.
    note: text(document.querySelector('.scroller ol + div')),
    goesBack: document.querySelector(`.scroller ol + div ${byId('version-previous')}`) !== null,
    busy: document.querySelector(byId('composer-stop')) !== null,
    list: all('nav ul:not(.hidden) > li', text),
  };
}
