// Whoever looks at a conversation, and whatever became of their page meanwhile, sees what everybody sees.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { Chat } from './support/chat.mjs';
import { useApprovals } from './support/deleting-provider.mjs';
import { sleep, startPhone } from './support/phone.mjs';
import { Proxy } from './support/proxy.mjs';
import { useScripted } from './support/suite.mjs';
import { agree, answered } from './support/views.mjs';

const LIMIT = { timeout: 180_000 };
const SMALL = { width: 390, height: 844 };
const PHONE = { viewport: SMALL, isMobile: true, hasTouch: true };

const within = (row, name) => row.locator(`[data-testid="${name}"]`);

/** Clicks at once, on what is there at this moment. */
const press = (button) => button.evaluate((it) => it.click());

describe('one conversation in several pages', LIMIT, () => {
  let browser;
  let provider;
  let proxy;
  let server;
  const contexts = [];

  const suite = useScripted();
  before(async () => {
    ({ browser, provider, server } = suite);
    proxy = await Proxy.start(`127.0.0.1:${server.port}`);
  });
  afterEach(async () => {
    provider.refusal = undefined;
    provider.release();
    for (const context of contexts.splice(0)) await context.close();
  });
  after(() => proxy?.close());

  /** A browser of its own: what one keeps, another does not have. */
  async function device(options) {
    const context = await browser.newContext(options);
    contexts.push(context);
    return context;
  }

  /** Two tabs of one browser, and a telephone behind a network that can be lost; clocks can be moved of one that sleeps. */
  async function three(telephone) {
    const [desk, pocket] = [await device(), telephone?.context ?? (await device(PHONE))];
    if (telephone) for (const context of [desk, pocket]) await context.clock.install();
    const one = await Chat.open(desk, server.origin);
    const [two, phone] = await Promise.all([
      Chat.open(desk, server.origin, one.id),
      Chat.open(pocket, `http://${proxy.address}`, one.id),
    ]);
    return { desk, pocket, one, two, phone, all: [one, two, phone] };
  }

  /** Opens the field in which a question is written anew, and says something else in it. */
  async function write(chat, question, text) {
    await within(question, 'edit').click();
    await within(question, 'edit-input').fill(text);
    return () => press(within(question, 'edit-save'));
  }

  async function choose(chat, what) {
    await chat.page.bringToFront();
    const item = chat.page.locator(`[data-testid="conversation-item"][data-id="${chat.id}"]`);
    await item.hover();
    await within(item, 'conversation-menu').click();
    return within(item, what);
  }

  /** Begins to rename the conversation; what is answered says that it is done. */
  async function name(chat, title) {
    await (await choose(chat, 'conversation-rename')).click();
    const field = chat.find('conversation-rename-input');
    await field.fill(title);
    return () => field.press('Enter');
  }

  it('shows the same when a telephone wakes after a day in which the server was killed', async () => {
    const telephone = await startPhone();
    contexts.push(telephone);
    const { desk, pocket, one, two, phone, all } = await three(telephone);
    await phone.page.setViewportSize(SMALL);
    await one.ask('First question');
    await agree('before it sleeps', all);

    proxy.lose();
    for (const context of [desk, pocket]) await context.clock.fastForward('24:00:00');
    const wake = await sleep(phone.page);

    await (await write(two, two.questions.first(), 'Another first question'))();
    await agree('an edit', [one, two], (view) => answered(view) && view.rows[0].version === '2/2');
    await one.ask('Second question');
    await agree('a second turn', [one, two], (view) => answered(view) && view.rows.length === 4);
    await (await name(two, 'While it slept'))();
    await one.ask('Please hold the third');
    await two.answers.nth(2).waitFor();
    await server.kill();
    provider.release();
    await server.start();
    await agree('a killed server', [one, two], ({ busy, rows, note }) => !busy && rows.length === 6 && /Domovoi stopped/.test(note));
    await two.ask('Fourth question');
    await agree('a fourth turn', [one, two], (view) => answered(view) && view.rows.length === 8);

    await wake();
    const isTomorrow = (view) => answered(view) && view.rows.length === 8 && !view.list.includes('Today');
    await agree('once it is awake', all, isTomorrow);
    const fresh = await Chat.open(desk, server.origin, one.id);
    const { list } = await agree('beside a new page', [...all, fresh], isTomorrow);
    assert.ok(list.includes('While it slept'), list.join());
    // It takes part again.
    await phone.ask('From the telephone');
    await agree('its own question', [...all, fresh], (view) => answered(view) && view.rows.length === 10);

    // A browser closes the sockets of a page that it freezes. Behind another page they stay, and may lead nowhere.
    await (await pocket.newPage()).bringToFront();
    proxy.lose();
    for (const context of [desk, pocket]) await context.clock.fastForward('01:00:00');
    await one.ask('While it was out of sight');
    await agree('the others', [one, two, fresh], (view) => answered(view) && view.rows.length === 12);
    await phone.page.bringToFront();
    await agree('once it is looked at', [...all, fresh], (view) => answered(view) && view.rows.length === 12);
  });

  it('shows the same when a network is back that was gone without a word', async () => {
    const { pocket, one, two, phone, all } = await three();
    await one.ask('Please hold this');
    await agree('an answer that streams', all, ({ rows }) => rows.at(-1)?.status === 'streaming');
    proxy.lose();
    await pocket.setOffline(true);
    provider.release();
    await one.answers.last().getByText('to: Please hold this').waitFor();
    await two.ask('Who is missing?');
    await agree('the others', [one, two], (view) => answered(view) && view.rows.length === 4);
    await pocket.setOffline(false);
    await agree('all', all, (view) => answered(view) && view.rows.length === 4);
    await phone.ask('I am back');
    await agree('what it says', all, (view) => answered(view) && view.rows.length === 6);
  });

  it('shows the same after a reload in each state', async () => {
    const { one, two, phone, all } = await three();
    const queued = (chat) => chat.find('queued-message').allInnerTexts();
    /** Comes to a state, and reloads pages in it; the others have seen how it came. */
    async function state(what, fits, reloaded = [one, phone]) {
      await agree(what, all, fits);
      await Promise.all(reloaded.map((chat) => chat.reload()));
      return agree(`${what}, reloaded`, all, fits);
    }
    const last = (status) => ({ rows, busy }) => rows.at(-1)?.status === status && busy === (status === 'streaming');

    await state('nothing said', ({ rows, busy }) => rows.length === 0 && !busy);

    await one.ask('Please ponder, then hold this');
    await state('no word yet', ({ rows, busy }) => rows.length === 2 && rows[1].text === '' && busy);
    provider.release();
    await state('an answer that streams', last('streaming'));

    await one.ask('This waits');
    await one.find('queued-message').waitFor();
    await state('a message that waits', last('streaming'), [one]);
    assert.equal((await queued(one)).length, 1);
    assert.deepEqual(await queued(two), await queued(one), 'in each tab of this browser');
    await two.find('queued-remove').click();
    await one.find('queued-message').waitFor({ state: 'detached' });

    await one.find('composer-input').fill('A draft');
    await phone.find('composer-stop').click();
    await state('stopped', last('stopped'));
    assert.equal(await one.find('composer-input').inputValue(), 'A draft');
    await one.find('composer-input').fill('');

    await two.ask('Please hold, then break this');
    await two.answers.nth(1).waitFor();
    provider.release();
    await state('failed after the first words', last('error'));

    provider.refusal = 'Not today.';
    await two.ask('Will you?');
    const refused = ({ rows, busy, note }) => rows.at(-1)?.role === 'user' && !busy && /Not today/.test(note);
    await state('failed before the first word', refused);
    provider.refusal = undefined;
    await phone.find('retry').click();
    await state('tried again by another page', answered);

    provider.refusal = 'Not again.';
    await within(one.answers.last(), 'answer-again').click();
    await state('an answer that did not come again', ({ note, goesBack }) => /Not again/.test(note) && goesBack);
    provider.refusal = undefined;
    await within(two.page.locator('ol + div'), 'version-previous').click();
    await state('back at the answer before', (view) => answered(view) && !view.goesBack);

    await (await write(one, one.questions.last(), 'Would you?'))();
    await state('edited', (view) => answered(view) && view.rows.at(-2).version === '2/2');
    await within(phone.questions.last(), 'version-previous').click();
    await state('back at the version before', (view) => answered(view) && view.rows.at(-2).version === '1/2');
    [one, two].forEach((chat) => chat.page.problems.forEach((problem) => assert.match(problem, /aborted|400/)));
  });

  it('shows the same after two people did something at the same moment', async () => {
    const [here, there] = [await device(), await device()];
    const one = await Chat.open(here, server.origin);
    const two = await Chat.open(there, server.origin, one.id);
    const both = [one, two];
    await one.ask('First');
    await agree('a first answer', both, (view) => answered(view) && view.rows.length === 2);
    await two.ask('Second');
    await agree('a second answer', both, (view) => answered(view) && view.rows.length === 4);

    /** Has both do something at once, and looks at what both see of it, and who comes later. */
    async function together(what, prepare, fits = answered) {
      const acts = [];
      for (const chat of both) acts.push(await prepare(chat));
      await Promise.all(acts.map((act) => act()));
      await agree(what, both, fits);
      const later = await Chat.open(here, server.origin, one.id);
      const view = await agree(`${what}, seen later`, [...both, later], fits);
      await later.page.close();
      return view;
    }
    const of = (chat, here, there) => (chat === one ? here : there);
    /** Who was too late to save has the field open still. */
    const leave = () => Promise.all(both.map((chat) => chat.find('edit-cancel').evaluateAll((all) => all.forEach((it) => it.click()))));

    await together('two edits of one question', (chat) => write(chat, chat.questions.first(), of(chat, 'Mine', 'No, mine')));
    await leave();
    await together('two other answers', async (chat) => () => press(within(chat.answers.last(), 'answer-again')));
    await together('two questions', async (chat) => () => chat.ask(of(chat, 'What do I ask?', 'And what I?')));
    await together('an edit and another answer', async (chat) =>
      chat === one ? write(chat, chat.questions.first(), 'Mine again') : () => press(within(chat.answers.first(), 'answer-again')),
    );
    await leave();
    await together('a way back and a question', async (chat) =>
      chat === one ? () => press(within(chat.questions.first(), 'version-previous')) : () => chat.ask('Where are we?'),
    );
    const titles = ['Our title', 'Their title'];
    const { list } = await together('two titles', (chat) => name(chat, of(chat, ...titles)));
    assert.equal(list.filter((item) => titles.includes(item)).length, 1, list.join());
    await together('a title and a pin', async (chat) => {
      if (chat === one) return name(chat, 'Settled');
      const pin = await choose(chat, 'conversation-pin');
      return () => press(pin);
    }, (view) => answered(view) && view.list.indexOf('Pinned') === view.list.indexOf('Settled') - 1);
    both.forEach((chat) => chat.assertNoProblems());
  });
});

describe('a conversation that asks a person, in several pages', LIMIT, () => {
  const suite = useApprovals();

  it('shows the same after a reload, and after two people decided at the same moment', async () => {
    const contexts = [await suite.browser.newContext(), await suite.browser.newContext(PHONE)];
    const one = await Chat.open(contexts[0], suite.server.origin);
    const two = await Chat.open(contexts[0], suite.server.origin, one.id);
    const phone = await Chat.open(contexts[1], suite.server.origin, one.id);
    const all = [one, two, phone];
    await one.ask('Delete that file, please.');
    const asks = ({ rows, busy }) => !busy && rows.at(-1)?.asks !== '' && rows.length === 2;
    await agree('asked', all, asks);
    await Promise.all([one.reload(), phone.reload()]);
    await agree('asked, reloaded', all, asks);
    await Promise.all([press(two.find('approve')), press(phone.find('reject'))]);
    const decided = (view) => answered(view) && view.rows.at(-1).asks === '' && view.rows.at(-1).tool !== '';
    await agree('decided', all, decided);
    await one.reload();
    await agree('decided, reloaded', all, decided);
    for (const context of contexts) await context.close();
  });
});
