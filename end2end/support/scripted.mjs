// A provider whose answers a test decides: OpenAI's API, as much of it as a chat needs.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

export class ScriptedProvider {
  #server;
  #answer;
  #held = [];

  /** Questions that were answered, oldest first. */
  asked = [];

  /** What was sent for each of them, whole. */
  requests = [];

  /** While it is set every question is refused with these words. */
  refusal;

  /**
   * Starts one. `answer(question, number, request)` gives the text for the newest question, or
   * `{ fails }` or `{ calls, input }`: why it fails, or the tool that is called. Where the question
   * says "ponder", nothing of a text comes before `release` is called; where it says "hold", only the
   * first word; where it says "break", the connection breaks after that. A text in pieces waits
   * after each of them.
   */
  static async start(answer = (question, number) => `Answer ${number} to: ${question}`) {
    const provider = new ScriptedProvider();
    provider.#answer = answer;
    provider.#server = createServer((request, response) => provider.#respond(request, response));
    await new Promise((resolve) => provider.#server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  /** The environment of a server that asks this one. */
  get env() {
    const { port } = this.#server.address();
    return { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_API_KEY: 'x' };
  }

  /** The configuration of a server with two models of this one: `default` is `small`, `careful` is `large`. */
  get twoModels() {
    return (
      `[providers.here]\nbase_url = ${JSON.stringify(this.env.OPENAI_BASE_URL)}\n` +
      `[models]\ndefault = ["here/small"]\ncareful = ["here/large"]\n`
    );
  }

  /** Lets every answer that is held go on. */
  release() {
    for (const resolve of this.#held.splice(0)) resolve();
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #hold() {
    return new Promise((resolve) => this.#held.push(resolve));
  }

  async #respond(request, response) {
    let body = '';
    for await (const chunk of request) body += chunk;
    this.requests.push(JSON.parse(body));
    const question = this.requests.at(-1).messages.findLast(({ role }) => role === 'user').content;
    const text = typeof question === 'string' ? question : question.map((part) => part.text ?? '').join('');
    this.asked.push(text);
    const refused = this.refusal;
    const answer = refused ? { fails: refused } : this.#answer(text, this.asked.length, this.requests.at(-1));
    if (answer.fails) {
      response.writeHead(400, { 'content-type': 'application/json' });
      return response.end(JSON.stringify({ error: { message: answer.fails } }));
    }
    if (/ponder/.test(text)) await this.#hold();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (fields) => {
      const chunk = { id: 'x', object: 'chat.completion.chunk', created: 0, model: 'scripted', ...fields };
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    };
    const choose = (delta, finish_reason = null) => send({ choices: [{ index: 0, delta, finish_reason }] });
    if (answer.calls) {
      const call = { name: answer.calls, arguments: JSON.stringify(answer.input) };
      choose({ tool_calls: [{ index: 0, id: randomUUID(), type: 'function', function: call }] }, 'tool_calls');
    } else {
      const isInPieces = Array.isArray(answer);
      const pieces = isInPieces ? answer : answer.split(/(?<=^\S*)(?= )/);
      for (const [index, content] of pieces.entries()) {
        choose({ content });
        if (isInPieces || (index === 0 && /hold/.test(text))) await this.#hold();
        if (index === 0 && /break/.test(text)) {
          // What was written has to leave first.
          await new Promise(setImmediate);
          return response.destroy();
        }
      }
      choose({}, 'stop');
    }
    send({ choices: [], usage: { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 } });
    response.end('data: [DONE]\n\n');
  }
}
