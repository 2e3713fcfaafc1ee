// What is left after the server ends, politely or not.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginsWith, Chat, history, LONG_QUESTION, SHORT_QUESTION } from './support/chat.mjs';
import { useServerAndBrowser } from './support/suite.mjs';

describe('the server ends and starts again', () => {
  const suite = useServerAndBrowser();

  it('a restart finds the conversation, and the open page goes on by itself', async () => {
    const chat = await Chat.open(suite.browser, suite.server.origin);
    await chat.ask(SHORT_QUESTION);
    assert.equal(await chat.ended(), 'done');
    const said = await chat.transcript();

    assert.equal(await suite.server.stop(), 0, 'SIGTERM is a clean end');
    await suite.server.start();

    const later = await Chat.open(suite.browser, suite.server.origin, chat.id);
    assert.deepEqual(await later.transcript(), said);
    await chat.ask('And of Italy?');
    await chat.answers.nth(1).waitFor({ timeout: 60_000 });
    assert.equal(await chat.ended(), 'done');
    assert.equal((await history(suite.server.origin, chat.id)).length, 4);
    await chat.page.close();
    await later.page.close();
  });

  it('kill -9 in mid-answer leaves a conversation that is sane', async () => {
    const chat = await Chat.open(suite.browser, suite.server.origin);
    await chat.ask(LONG_QUESTION);
    await chat.answerOf(120);
    const seen = await chat.words();
    await suite.server.kill();
    await suite.server.start();

    const later = await Chat.open(suite.browser, suite.server.origin, chat.id);
    assert.equal(await later.questions.count(), 1);
    // Continued or ended visibly, never left hanging.
    const outcome = await later.ended();
    assert.ok(['done', 'stopped', 'error'].includes(outcome), outcome);
    if (outcome !== 'done') {
      await later.page.getByText('This answer was cut off when Domovoi stopped.').waitFor();
    }
    assert.equal(await later.answers.count(), 1);
    const kept = await later.words();
    assert.ok(kept.length >= seen.length * 0.5, `${kept.length} of ${seen.length} words kept`);
    assert.ok(beginsWith(kept, seen.slice(0, kept.length)), 'what is kept is what was said');

    await later.ask(SHORT_QUESTION);
    await later.answers.nth(1).waitFor();
    assert.equal(await later.ended(), 'done');
    await chat.page.close();
    await later.page.close();
  });
});
