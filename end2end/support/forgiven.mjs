// Where our reducer differs on purpose, told in chunks of which both make the same: the AI SDK ends with
// an error at a chunk that is out of place, and ours goes on; ours closes what is open when a turn ends
// early.

/** The chunks as ours reads them, for a message that has come so far. */
export function forgiven(chunks, message) {
  const open = new Set();
  const calls = new Calls(message);
  return chunks.flatMap((chunk) => {
    const [kind, what] = /^(text|reasoning)-(start|delta|end)$/.exec(chunk.type)?.slice(1) ?? [];
    const part = `${kind} ${chunk.id}`;
    switch (what ?? chunk.type) {
      case 'start':
        if (!kind) return [chunk];
        open.add(part);
        return [chunk];
      case 'delta': {
        // A delta begins a part that is not there: no text is lost.
        const begin = open.has(part) ? [] : [{ ...chunk, type: `${kind}-start` }];
        open.add(part);
        return [...begin, chunk];
      }
      case 'end':
        return open.delete(part) ? [chunk] : [];
      case 'abort':
      case 'error':
        // Nothing follows, so what was being written is complete.
        return [...ends(open), chunk];
      case 'reset-step':
        open.clear();
        calls.reset();
        return [chunk];
      default:
        return calls.allow(chunk) ? [chunk] : [];
    }
  });
}

function ends(open) {
  return [...open].map((part) => {
    const [, kind, id] = /^(\w+) (.*)$/.exec(part);
    return { type: `${kind}-end`, id };
  });
}

/** The calls of a message, and of its current step those whose input is being written. */
class Calls {
  #earlier = new Set();
  #step = new Map();

  constructor(message) {
    message.parts.forEach((part) => {
      if (part.type === 'step-start') this.#next();
      else if (part.toolCallId) this.#earlier.add(part.toolCallId);
    });
  }

  #next() {
    for (const id of this.#step.keys()) this.#earlier.add(id);
    this.#step.clear();
  }

  /** The step begins again. */
  reset() {
    this.#step.clear();
  }

  /** Whether a chunk is in place; notes what it changes. */
  allow({ type, toolCallId: id }) {
    if (type === 'start-step') this.#next();
    if (!id) return true;
    switch (type) {
      case 'tool-input-start':
        this.#step.set(id, true);
        return true;
      case 'tool-input-delta':
        // After the whole input it would make the input unfinished again.
        return this.#step.get(id) === true;
      case 'tool-input-available':
      case 'tool-input-error':
        this.#step.set(id, false);
        return true;
      default: {
        // Of a call that nobody made.
        const known = this.#step.has(id) || this.#earlier.has(id);
        if (this.#step.has(id)) this.#step.set(id, false);
        return known;
      }
    }
  }
}
