// Our reducer and the AI SDK's make the same message of the same chunks.

import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { readUIMessageStream } from 'ai';
import fc from 'fast-check';
import { RUNS } from './support/chunks.mjs';
import { forgiven } from './support/forgiven.mjs';
import { Lines } from './support/lines.mjs';

const CASES = 600;

describe('chunks to a message', () => {
  const ours = new Lines(['reduce']);
  after(() => ours.close());

  it('is what the AI SDK makes of them', { timeout: 180_000 }, async () => {
    const property = fc.asyncProperty(RUNS, async (runs) => {
      assert.deepEqual(await ours.ask(runs), await theirs(runs));
    });
    // What it prints when it fails has the seed and the shortest case; `DOMOVOI_TEST_SEED` repeats it.
    const seed = Number(process.env.DOMOVOI_TEST_SEED ?? Date.now() % 2 ** 31);
    console.log(`seed ${seed}`);
    await fc.assert(property, { numRuns: CASES, seed, includeErrorInReport: true });
  });
});

/** The message the AI SDK ends with. */
async function theirs(runs) {
  let message = { id: '', role: 'assistant', parts: [] };
  for (const chunks of runs) {
    // It tells of a begun step with the next thing only: another start, which changes nothing.
    const stream = ReadableStream.from([...forgiven(chunks, message), { type: 'start', messageId: 'm' }]);
    for await (const snapshot of readUIMessageStream({ message, stream, onError: failed })) message = snapshot;
    message = asOurs(message);
  }
  return message;
}

function failed(error) {
  // An `error` chunk is told of in the same way.
  if (error.name === 'AI_UIMessageStreamError') throw error;
}

/** Where the messages differ on purpose. */
function asOurs(message) {
  const { parts, ...rest } = JSON.parse(JSON.stringify(message));
  return { ...rest, parts: parts.map(partAsOurs) };
}

function partAsOurs(part) {
  // Ids of parts that were being written say nothing later; `agents` drops them as well.
  if (part.type === 'reasoning') delete part.id;
  // The text of an unfinished input is in the reducer and not in the message.
  delete part.rawInput;
  // A part that is kept is not transient.
  delete part.transient;
  return part;
}
