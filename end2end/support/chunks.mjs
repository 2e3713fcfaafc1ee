// Random chunks of an answer, as a model and its tools make them, with mistakes.

import fc from 'fast-check';

// Few ids, so that they are used again; `call-c` is of a tool that is not known beforehand.
const ID = fc.constantFrom('a', 'b', '0');
const CALL = fc.constantFrom(
  { toolCallId: 'call-a', toolName: 'weather' },
  { toolCallId: 'call-b', toolName: 'delete-file', title: 'Delete' },
  { toolCallId: 'call-c', toolName: 'any', dynamic: true },
);
// Whole characters only: half a pair is not JSON text.
const TEXT = fc.string({ unit: 'grapheme', maxLength: 12 });
const NUMBER = fc.oneof(fc.integer(), fc.integer({ min: -1e6, max: 1e6 }).map((number) => number / 1e3));
const LEAF = fc.oneof(TEXT, NUMBER, fc.boolean(), fc.constant(null));
const NAME = fc.constantFrom('city', 'days', 'a "b"', 'ü');
const { value: VALUE } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    LEAF,
    fc.dictionary(NAME, tie('value'), { maxKeys: 3 }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}));
const OBJECT = fc.dictionary(NAME, VALUE, { maxKeys: 3 });
const PROVIDER = fc.option(fc.constantFrom({ a: { b: 1 } }, { c: { d: [2] } }), { nil: undefined });

/** Where nothing is said of a field it is not there. */
const record = (fields) => fc.record(fields).map((chunk) => JSON.parse(JSON.stringify(chunk)));

/** A text or a thought, in any number of pieces. */
const written = (kind) =>
  fc
    .tuple(ID, fc.array(TEXT, { maxLength: 5 }), PROVIDER, PROVIDER)
    .map(([id, pieces, providerMetadata, atEnd]) => [
      { type: `${kind}-start`, id, providerMetadata },
      ...pieces.map((delta) => ({ type: `${kind}-delta`, id, delta })),
      { type: `${kind}-end`, id, providerMetadata: atEnd },
    ]);

/** A call's input, written piece by piece, at once, or wrong. */
const input = fc
  .tuple(CALL, VALUE, fc.array(fc.nat(40), { maxLength: 6 }), fc.constantFrom('whole', 'open', 'wrong', 'at once'))
  .map(([call, input, cuts, how]) => {
    const { toolCallId } = call;
    const deltas = pieces(JSON.stringify(input), cuts);
    const written = [
      { type: 'tool-input-start', ...call },
      ...deltas.map((inputTextDelta) => ({ type: 'tool-input-delta', toolCallId, inputTextDelta })),
    ];
    switch (how) {
      case 'whole':
        return [...written, { type: 'tool-input-available', ...call, input }];
      case 'open':
        return written.slice(0, -1);
      case 'wrong':
        return [...written, { type: 'tool-input-error', ...call, input, errorText: 'no' }];
      default:
        return [{ type: 'tool-input-available', ...call, input }];
    }
  });

/** Cuts a text after so many characters each; the rest comes last. */
function pieces(text, lengths) {
  const characters = [...text];
  return [...lengths.map((length) => characters.splice(0, length)), characters].map((piece) => piece.join(''));
}

/** Whether it does not write the input of a call that another one writes as well. */
function firstOfItsCall(track, index, tracks) {
  const call = ([{ type, toolCallId }]) => type.startsWith('tool-input') && toolCallId;
  return !call(track) || tracks.findIndex((other) => call(other) === call(track)) === index;
}

/** What becomes of a call. */
const outcome = fc
  .tuple(
    CALL,
    fc.oneof(
      record({ type: fc.constant('tool-output-available'), output: VALUE }),
      record({ type: fc.constant('tool-output-available'), output: VALUE, preliminary: fc.boolean() }),
      record({ type: fc.constant('tool-output-error'), errorText: TEXT }),
      record({ type: fc.constant('tool-output-denied') }),
      record({ type: fc.constant('tool-approval-request'), approvalId: ID }),
    ),
  )
  .map(([{ toolCallId }, chunk]) => [{ ...chunk, toolCallId }]);

/** What stands alone. */
const single = fc
  .oneof(
    record({
      type: fc.constantFrom('data-progress', 'data-result'),
      id: fc.option(ID, { nil: undefined }),
      data: VALUE,
      transient: fc.constantFrom(undefined, undefined, true, false),
    }),
    record({ type: fc.constant('file'), url: fc.webUrl(), mediaType: fc.constant('image/png') }),
    record({ type: fc.constant('source-url'), sourceId: ID, url: fc.webUrl(), title: fc.option(TEXT, { nil: undefined }) }),
    record({ type: fc.constant('source-document'), sourceId: ID, mediaType: fc.constant('text/plain'), title: TEXT }),
    record({ type: fc.constant('message-metadata'), messageMetadata: fc.oneof(OBJECT, fc.constant(null)) }),
    record({ type: fc.constant('custom'), kind: fc.constant('vendor.note'), providerMetadata: PROVIDER }),
    record({ type: fc.constant('reasoning-file'), url: fc.webUrl(), mediaType: fc.constant('image/png') }),
    record({ type: fc.constant('reset-step') }),
  )
  .map((chunk) => [chunk]);

/** Several things at once: each in its own order, mixed in any. */
function mixed(tracks, picks) {
  const left = tracks.map((track) => [...track]).filter((track) => track.length > 0);
  const chunks = [];
  for (let at = 0; left.length > 0; at += 1) {
    const which = (picks[at % picks.length] ?? 0) % left.length;
    chunks.push(left[which].shift());
    if (left[which].length === 0) left.splice(which, 1);
  }
  return chunks;
}

/** Some chunks get lost, come twice, or change places with the next. */
function mistaken(chunks, mistakes) {
  const list = [...chunks];
  for (const [place, mistake] of mistakes) {
    if (list.length === 0) break;
    const at = place % list.length;
    // Of input that is not JSON there is nothing right to show.
    if ([list[at], list[at + 1]].some((chunk) => /^tool-input-(start|delta)$/.test(chunk?.type))) continue;
    if (mistake === 'lost') list.splice(at, 1);
    else if (mistake === 'twice') list.splice(at, 0, list[at]);
    else list.push(...list.splice(at).map((chunk, index, rest) => rest[[1, 0][index] ?? index] ?? chunk));
  }
  return list;
}

const MISTAKE = fc.tuple(fc.nat(100), fc.constantFrom('lost', 'twice', 'swapped'));
const step = fc
  .tuple(
    fc.array(fc.oneof(written('text'), written('reasoning'), input, outcome, single), { maxLength: 6 }),
    fc.array(fc.nat(10), { minLength: 1, maxLength: 12 }),
    fc.array(MISTAKE, { maxLength: 2 }),
  )
  .map(([tracks, picks, mistakes]) => [
    { type: 'start-step' },
    ...mistaken(mixed(tracks.filter(firstOfItsCall), picks), mistakes),
    { type: 'finish-step' },
  ]);

const metadata = fc.option(OBJECT, { nil: undefined });
const run = fc
  .tuple(
    record({ type: fc.constant('start'), messageId: fc.constant('m'), messageMetadata: metadata }),
    fc.array(step, { minLength: 1, maxLength: 3 }),
    fc.oneof(
      record({ type: fc.constant('finish'), finishReason: fc.constant('stop'), messageMetadata: metadata }),
      record({ type: fc.constant('abort') }),
      record({ type: fc.constant('error'), errorText: TEXT }),
    ),
    fc.nat(200),
  )
  // It is looked at in the middle as well.
  .map(([start, steps, end, length]) => JSON.parse(JSON.stringify([start, ...steps.flat(), end].slice(0, 1 + length))));

/** An answer and what goes on with it: a list of chunks for each time the server writes to it. */
export const RUNS = fc.array(run, { minLength: 1, maxLength: 2 });
