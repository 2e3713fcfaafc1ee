// A provider that writes a Markdown answer at a steady pace.

import { createServer } from 'node:http';

const WORDS = `## A heading

Some **words** of a paragraph with \`code\`, a [link](https://example.com/) and a list:

- one thing
- another thing

\`\`\`rust
fn main() { println!("hello"); }
\`\`\`

`.match(/\S+\s*|\s+/g);

/** Starts it: `tokens` pieces, `perSecond` of them. `ended` is there once all of an answer was sent. */
export async function startProvider({ tokens, perSecond }) {
  let end;
  const ended = new Promise((resolve) => (end = resolve));
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (delta, finish_reason = null) =>
      response.write(`data: ${JSON.stringify({
        id: 'a', object: 'chat.completion.chunk', created: 1, model: 'steady', choices: [{ index: 0, delta, finish_reason }],
      })}\n\n`);
    const began = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      // As many as are due: a timer of a busy machine is late.
      const due = Math.min(tokens, Math.floor(((performance.now() - began) / 1000) * perSecond));
      for (; sent < due; sent += 1) send({ content: WORDS[sent % WORDS.length] });
      if (sent < tokens) return;
      clearInterval(timer);
      send({}, 'stop');
      response.end('data: [DONE]\n\n', end);
    }, 5);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/v1`, ended, stop: () => server.close() };
}
