// What messages say, and what of them can be compared.

import assert from 'node:assert/strict';

/** The text of a message. */
export function textOf(message) {
  return message?.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('') ?? '';
}

/** Whether no turn runs, as far as a client knows. */
export function rests({ status }) {
  return status === 'ready' || status === 'error';
}

/** The messages the server has. */
export async function history(host, agent, name) {
  const response = await fetch(`http://${host.address}/agents/${agent}/${name}/get-messages`);
  assert.equal(response.status, 200);
  return response.json();
}

/** Messages with ids in order of appearance, without what only one side has. */
export function comparable(messages) {
  const ids = new Map();
  const number = (id) => ids.get(id) ?? ids.set(id, ids.size).get(id);
  return JSON.parse(JSON.stringify(messages), (key, value) => {
    switch (key) {
      case 'id':
      case 'toolCallId':
        return number(value);
      // The server writes the name to every call, the AI SDK's message has it in the type only.
      case 'toolName':
      // Comes as metadata too, as the AI SDK's servers send it, and is nothing to keep.
      case 'finishReason':
      // No two answers take the same time.
      case 'durationMs':
        return undefined;
      case 'metadata':
        return Object.keys(value).length > 0 ? value : undefined;
      default:
        return value;
    }
  });
}
