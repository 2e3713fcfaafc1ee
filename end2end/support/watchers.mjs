// Waiting until something is so, for what is told of every change.

import { inspect } from 'node:util';

/** How long anything is waited for. Whoever waits in vain is told what there was instead. */
const LIMIT_MS = 45_000;

export class Watchers {
  #looks = new Set();

  /** Something has changed. */
  changed() {
    this.#looks.forEach((look) => look());
  }

  /** Waits until `fits` is true of what `seen` returns. */
  until(fits, seen) {
    return new Promise((resolve, reject) => {
      const end = (settle, value) => {
        clearTimeout(limit);
        this.#looks.delete(look);
        settle(value);
      };
      const look = () => {
        if (fits(seen())) end(resolve);
      };
      const limit = setTimeout(() => {
        const last = inspect(seen(), { depth: 6, breakLength: 160, maxStringLength: 400 });
        end(reject, new Error(`waited in vain for ${fits}\nlast seen: ${last.slice(0, 4000)}`));
      }, LIMIT_MS);
      this.#looks.add(look);
      look();
    });
  }
}
