// The chat page in a test's words: asking, reading, waiting.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { hydrated, open } from './browser.mjs';
import { Wire } from './wire.mjs';

/** How long the small model may take for a whole answer on a busy machine. */
export const ANSWER_LIMIT = 90_000;

/** A question whose answer is long enough to be interrupted. */
export const LONG_QUESTION =
  'Write a long story, at least four hundred words, about a house spirit who looks after an old farm.';

/** A question whose answer is short. */
export const SHORT_QUESTION = 'What is the capital of France?';

const byId = (name) => `[data-testid="${name}"]`;

/** One page on one conversation. */
export class Chat {
  constructor(page) {
    this.page = page;
  }

  /** Opens a conversation, a new one unless an id is given. */
  static async open(browser, origin, id = randomUUID()) {
    const chat = new Chat(await open(browser, `${origin}/c/${id}`));
    chat.id = id;
    return chat;
  }

  find(name) {
    return this.page.locator(byId(name));
  }

  get questions() {
    return this.find('message-user');
  }

  get answers() {
    return this.find('message-assistant');
  }

  /** Types a question and sends it with Enter. */
  async ask(question) {
    const input = this.find('composer-input');
    await input.fill(question);
    await input.press('Enter');
  }

  /** Waits until the last answer has at least this many characters. */
  async answerOf(length) {
    await this.page.waitForFunction(
      ([selector, length]) => {
        const all = document.querySelectorAll(selector);
        return all.length > 0 && all[all.length - 1].textContent.length >= length;
      },
      [byId('message-assistant'), length],
      { timeout: ANSWER_LIMIT },
    );
  }

  /** Waits until the last answer has ended and returns how: `done`, `stopped` or `error`. */
  async ended() {
    const handle = await this.page.waitForFunction(
      (selector) => {
        const all = document.querySelectorAll(selector);
        const status = all.length > 0 && all[all.length - 1].dataset.status;
        return status && status !== 'streaming' ? status : false;
      },
      byId('message-assistant'),
      { timeout: ANSWER_LIMIT },
    );
    return handle.jsonValue();
  }

  /** The last answer's words, without what is markup in one view and not in another. */
  async words() {
    return words(await this.answers.last().evaluate(said));
  }

  /** Everything said: `[{ role, id, words }]`. */
  async transcript() {
    const rows = await this.page
      .locator(`${byId('message-user')}, ${byId('message-assistant')}`)
      .all();
    return Promise.all(
      rows.map(async (row) => ({
        role: (await row.getAttribute('data-testid')) === 'message-user' ? 'user' : 'assistant',
        id: await row.getAttribute('data-message-id'),
        words: words(await row.evaluate(said)).join(' '),
      })),
    );
  }

  async reload() {
    await this.page.reload();
    await hydrated(this.page);
  }

  /** Fails if the page reported an error of its own. */
  assertNoProblems() {
    assert.deepEqual(this.page.problems, []);
  }
}

/** What a message says, without the bar under it. Runs in the page. */
function said(message) {
  const copy = message.cloneNode(true);
  copy.querySelector('[data-testid="message-bar"]')?.remove();
  return copy.textContent;
}

/** Makes a conversation of these messages; its id. */
export async function conversationOf(origin, messages) {
  const [id, host] = [randomUUID(), { address: new URL(origin).host }];
  const [wire, watcher] = [await Wire.open(host, 'assistant', id), await Wire.open(host, 'assistant', id)];
  wire.send({ type: 'cf_agent_chat_messages', messages });
  // The others are told once it is kept.
  await watcher.until(({ type }) => type === 'cf_agent_chat_messages');
  wire.close();
  watcher.close();
  return id;
}

/** Makes a conversation in which these parts were answered; its id. */
export function answeredWith(origin, parts) {
  const question = { id: 'q', role: 'user', parts: [{ type: 'text', text: 'Well?' }] };
  return conversationOf(origin, [question, { id: 'a', role: 'assistant', parts }]);
}

/** The server's own account of a conversation. */
export async function history(origin, id) {
  const response = await fetch(`${origin}/agents/assistant/${id}/get-messages`);
  assert.equal(response.status, 200);
  return response.json();
}

/** The text of a persisted message. */
export function textOf(message) {
  return message.parts
    .filter((part) => part.type === 'text')
    .map((part) => part.text)
    .join('');
}

/** Letters and digits only, in words. */
export function words(text) {
  return text.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Whether one list of words begins with the other; its last word may be half received. */
export function beginsWith(long, short) {
  const whole = short.slice(0, -1);
  return whole.every((word, at) => long[at] === word);
}
