// Models: each conversation may have another, chosen in the palette.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Chat } from './support/chat.mjs';
import { useScripted } from './support/suite.mjs';
import { Wire } from './support/wire.mjs';

describe('models', () => {
  let browser, provider, server, context;

  const suite = useScripted((text) => `Heard: ${text}`, (provider) => provider.twoModels);
  before(async () => {
    ({ browser, provider, server } = suite);
    context = await browser.newContext();
  });

  const asked = () => provider.requests.at(-1).model;

  /** Asks and waits for the answer. */
  async function ask(chat, text) {
    await chat.ask(text);
    await chat.answers.last().getByText(`Heard: ${text}`, { exact: true }).waitFor();
    await chat.find('composer-stop').waitFor({ state: 'detached' });
  }

  it('answer where they were chosen, in every tab and after a restart', async () => {
    const chat = await Chat.open(context, server.origin);
    await chat.find('model-name').getByText('small').waitFor();
    await chat.find('model-name').click();
    const palette = chat.find('palette');
    assert.deepEqual(await palette.getByRole('option').allInnerTexts(), [
      'Answer with careful (large)\nModel',
      'Answer with default (small)\nModel',
    ]);
    // It is chosen before there is a conversation.
    await palette.getByRole('combobox').fill('answer larg');
    await chat.page.keyboard.press('Enter');
    await chat.find('model-name').getByText('large').waitFor();
    await ask(chat, 'one');
    assert.equal(asked(), 'large');

    const other = await Chat.open(context, server.origin);
    await other.find('model-name').getByText('small').waitFor();
    await ask(other, 'two');
    assert.equal(asked(), 'small');

    await server.kill();
    await server.start();
    const again = await Chat.open(context, server.origin, chat.id);
    assert.equal(await again.find('model-name').innerText(), 'large', 'the page comes with it');
    await ask(again, 'three');
    assert.equal(asked(), 'large');
    await again.find('model-name').click();
    await again.find('palette').getByText('Answer with default').click();
    await again.find('model-name').getByText('small').waitFor();
    await chat.find('model-name').getByText('small').waitFor();
    await again.answers.last().hover();
    await again.answers.last().locator('[data-testid="answer-again"]').click();
    await again.page.waitForFunction(() => document.querySelectorAll('[data-testid="version-previous"]').length > 0);
    assert.equal(asked(), 'small', 'another model gives another version');
    for (const page of [chat, other, again]) page.assertNoProblems();
  });

  it('have to exist', async () => {
    const wire = await Wire.open({ address: `127.0.0.1:${server.port}` }, 'conversations', 'default');
    for (const [id, route, error] of [
      ['a', 'none', /none/],
      ['x'.repeat(2000), 'careful', /no id/],
    ]) {
      wire.send({ type: 'rpc', id: route, method: 'chooseModel', args: [id, route] });
      const answer = await wire.until((frame) => frame.type === 'rpc' && frame.id === route);
      assert.equal(answer.success, false);
      assert.match(answer.error, error);
    }
    wire.close();
  });
});
