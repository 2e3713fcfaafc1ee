// Servers as they are after a while: with conversations, folders, prompts, tasks, decisions, people.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { addUser, ask, hostFor, send, signIn } from './people.mjs';
import { ScriptedProvider } from './scripted.mjs';
import { binary, Server } from './server.mjs';
import { Wire } from './wire.mjs';

const BREAD = `Bread rises because **yeast** makes gas, by about $V = n R T / p$. For two loaves you need:

1. flour, *water* and salt
2. a \`starter\` that is awake
   - fed in the morning
   - used at night

| Flour | Water | Time |
|:--|--:|--:|
| white | 65 % | 12 h |
| rye | 80 % | 18 h |

\`\`\`rust
/// Grams of water for so much flour: 650 for a kilo of white, 800 for one of rye.
fn water(flour: f64, hydration: f64) -> f64 {
    flour * hydration
}
\`\`\`

> Patience is the fourth ingredient. [More](https://example.com/bread)`;

const PLAN = `## From flour to loaf

\`\`\`mermaid
flowchart LR
  A[Mix] --> B[Rest]
  B --> C{Doubled?}
  C -->|no| B
  C -->|yes| D[Bake]
\`\`\`

The crust browns once the surface is dry. How fast heat goes in:

$$
\\frac{\\partial T}{\\partial t} = \\alpha \\left( \\frac{\\partial^2 T}{\\partial x^2} + \\frac{\\partial^2 T}{\\partial y^2} \\right)
$$`;

/** What was said before, with the days since: title, question, answer. */
const HISTORY = [
  [0, 'How does bread rise?', 'How does bread rise, and what do I need for two loaves on Sunday?', BREAD],
  [0, 'Bake from the pantry', 'What keeps for longest in a pantry?', 'Salt and sugar for ever, flour for a year, nuts for a season.'],
  [0, 'A name for a grey cat', 'Suggest a name for a grey cat.', '**Ash**, or **Pebble**. She will answer to neither.'],
  [1, 'Meals of next week', 'Plan the meals of next week for four, without meat.', 'Soup on Monday, with the rest of the **bread**. Dumplings on Tuesday, a salad of beans on Wednesday.'],
  [1, 'Red evenings', 'Why is the sky blue, and the evening red?', 'Air scatters blue light more than red light. In the evening the way through the air is long.'],
  [4, 'Letter about the heating that has been cold since October', 'Write to my landlord: the heating has been cold since October.', 'Dear Mr Novák, the heating in the second flat has been cold since 3 October.'],
  [5, 'What to bring to a picnic', 'What do I bring to a picnic?', 'A blanket, a knife, cheese, and **bread** that is a day old: it does not crumble.'],
  [40, 'Rust: when to use Arc', 'When do I use Arc and when Rc?', '`Arc` where threads share it, `Rc` where they do not.'],
];

/** When an answer was made, and by what. */
const DETAILS = { model: 'qwen2.5-coder-7b', usage: { inputTokens: 38, outputTokens: 212 }, durationMs: 5100, cost: 0.0004 };

/** Answers as a cook would, wants to delete a file, or fails. */
function answer(question, _, { messages }) {
  if (messages.at(-1).role === 'tool') return 'It stays where it is, then.';
  if (question.includes('Delete')) return { calls: 'delete_file', input: { path: 'recipes/bread-of-last-year.txt' } };
  if (question.includes('Report')) return { fails: 'the model `careful` has been retired' };
  if (question.includes('hold')) return 'Once the oven is hot, it is not opened again.';
  if (question.includes('diagram')) return PLAN;
  return question.includes('bread') ? BREAD : 'Two per cent of the flour: **20 g** for a kilo.';
}

/** Names of models as people know them. */
const models = ({ twoModels }) => twoModels.replace('small', DETAILS.model).replace('large', 'qwen2.5-coder-32b');

/** A question and an answer with all that tools leave in a conversation. */
const withTools = (picture) => [
  {
    id: 'question',
    role: 'user',
    parts: [
      { type: 'file', mediaType: 'image/png', filename: 'pantry.png', url: picture },
      { type: 'file', mediaType: 'text/csv', filename: 'what-is-left-in-the-pantry-and-in-the-cellar.csv', url: picture },
      { type: 'text', text: 'What can I bake with this, and what does it cost?' },
    ],
  },
  {
    id: 'answer',
    role: 'assistant',
    metadata: DETAILS,
    parts: [
      { type: 'reasoning', text: 'There is flour for two loaves. The yeast is old, so a starter it is.\n\n- look at the list\n- add up the prices' },
      { type: 'tool-query_csv', toolCallId: '1', state: 'output-available', input: { sql: 'SELECT name, grams FROM pantry' }, output: { rows: [['flour', 1500], ['salt', 300]] } },
      { type: 'tool-fetch_page', toolCallId: '2', state: 'output-error', input: { url: 'https://prices.example.com/flour' }, errorText: 'The page did not answer within 20 seconds.' },
      { type: 'tool-calculator', toolCallId: '3', state: 'input-available', input: { expression: '1.5 * 0.89' } },
      { type: 'text', text: 'Two loaves of **sourdough bread** [1]: flour and salt are there [2], and the rest is water and a night.' },
      { type: 'source-url', sourceId: 's1', url: 'https://example.com/sourdough', title: 'Sourdough for beginners' },
      { type: 'source-document', sourceId: 's2', mediaType: 'text/csv', title: 'What is left', filename: 'pantry.csv' },
    ],
  },
];

/** Says something and waits for the answer; answers the conversation's id. */
async function say(host, text, { again = false } = {}) {
  const wire = await Wire.open(host, 'assistant');
  await wire.turn(wire.say(text));
  if (again) await wire.turn(wire.request([(await wire.history())[0]], { trigger: 'regenerate-message' }));
  wire.close();
  return wire.path.split('/')[1];
}

/** Calls methods of the only instance of an agent, in order. */
async function call(host, agent, ...calls) {
  const wire = await Wire.open(host, agent, 'default');
  const results = [];
  for (const [method, ...args] of calls) results.push(await wire.call(method, ...args));
  wire.close();
  return results;
}

/** Brings in conversations that were had elsewhere, and answers their ids, by their titles. */
async function bringIn(host, conversations) {
  const day = 86_400_000;
  const file = conversations.map(([days, title, question, text], index) => {
    const at = Date.now() - days * day - index * 60_000;
    const said = { id: 'question', role: 'user', parts: [{ type: 'text', text: question }] };
    const answered = { id: 'answer', role: 'assistant', metadata: DETAILS, parts: [{ type: 'text', text }] };
    return { title, createdAt: at, updatedAt: at, messages: [said, answered] };
  });
  const body = JSON.stringify({ domovoi: 1, conversations: file });
  await fetch(`http://${host.address}/agents/conversations/default/import`, { method: 'POST', body, headers: host.headers });
  const list = await Wire.open(host, 'conversations', 'default');
  const { state } = await list.until(({ type, state }) => type === 'cf_agent_state' && state.conversations.length >= file.length);
  list.close();
  return Object.fromEntries(state.conversations.map(({ id, title }) => [title, id]));
}

/** On one's own machine, without accounts: `server`, and ids of conversations in it. */
async function startAlone(provider) {
  const program = path.join(path.dirname(binary), 'approvals');
  const server = await Server.start({ program, config: models(provider), env: provider.env });
  const host = hostFor(server);
  const history = await bringIn(host, HISTORY);
  const ids = { talk: history[HISTORY[0][1]], tools: history[HISTORY[1][1]], fails: await say(host, 'Report on the oven.') };
  await say(host, 'Delete the recipe of the year before.');
  const [{ open: [{ conversation, toolCallId }] }] = await call(host, 'approvals', ['list']);
  await call(host, 'approvals', ['decide', { conversation, toolCallId, approved: false, reason: 'It is the only one with rye.' }]);
  ids.asks = await say(host, 'Delete the recipe of last year.');
  ids.draws = await say(host, 'Show me as a diagram how it goes, and how the heat does.');
  ids.again = await say(host, 'How much salt?', { again: true });

  const begun = await Wire.open(host, 'assistant');
  await begun.chunk(begun.say('When is it done? Please hold on.'), 'text-delta');
  ids.begins = begun.path.split('/')[1];
  begun.close();

  const tools = await Wire.open(host, 'assistant', ids.tools);
  const icon = await readFile(new URL('../../public/icon-192.png', import.meta.url));
  tools.send({ type: 'cf_agent_chat_messages', messages: withTools(`data:image/png;base64,${icon.toString('base64')}`) });
  while ((await tools.history()).length < 4);
  tools.close();

  const name = 'Bread, and what else comes out of an oven';
  const [folder] = await call(host, 'conversations', ['createFolder', name], ['pin', ids.talk, true]);
  await call(
    host,
    'conversations',
    ['changeFolder', { id: folder, name, instructions: 'Weigh everything in grams.', model: 'careful' }],
    ['moveToFolder', ids.draws, folder],
    ['moveToFolder', ids.tools, folder],
  );
  await call(
    host,
    'prompts',
    ['save', { id: '', name: 'Write to somebody', text: 'Write to {{who}} about {{what}}, in a friendly tone and short.' }],
    ['save', { id: '', name: 'Translate', text: 'Translate into {{language}}:\n\n{{text}}' }],
  );
  const [, , { tasks }] = await call(
    host,
    'tasks',
    ['create', { prompt: 'Tell me the news.', kind: 'cron', when: '0 9 * * MON-FRI', zone: 'Europe/Prague' }],
    ['create', { prompt: 'Report what the oven did tonight.', kind: 'every', when: '30', zone: 'UTC' }],
    ['list'],
  );
  await call(host, 'tasks', ...tasks.map(({ id }) => ['runNow', id]));
  return { server, ids };
}

/** With accounts: `server`, the cookie of its owner Anna, and pages that only she knows of. */
async function startHousehold(provider) {
  const config = `${models(provider)}
[prices]
"here/qwen2.5-coder-7b" = { input = 250.0, output = 2000.0 }
[limits.user]
requests_per_day = 200
money_per_month = 20.0
`;
  const server = await Server.start({ config, env: provider.env });
  const password = await addUser(server, 'Anna');
  await addUser(server, 'Boris with a name of sixty-four characters and not one more of it'.slice(0, 64));
  const cookie = await signIn(server, 'Anna', password);
  await signIn(server, 'Anna', password);
  const talk = await say(hostFor(server, cookie), 'How does bread rise, and what do I need for two loaves on Sunday?');
  const linked = async (address, fields, path) => {
    const page = await (await send(server, address, fields, { cookie })).text();
    return new RegExp(`${server.origin}(/${path}/[\\w-]+)`).exec(page)[1];
  };
  const shared = await linked('/shares', { conversation: talk, until: '' }, 's');
  const invitation = await linked('/account/invitations', { role: 'member' }, 'invite');
  await send(server, '/account/tokens', { token: 'the editor on my laptop', models: 'yes', days: '90' }, { cookie });
  const usage = await (await ask(server, '/usage', { cookie })).text();
  const usageOfBoris = usage.match(/\/usage\/people\/[\w-]+/g).at(-1);
  return { server, cookie, talk, shared, invitation, usageOfBoris };
}

/** All of them, and what ends them. */
export async function startLivedIn() {
  const provider = await ScriptedProvider.start(answer);
  const [alone, household, first, bare] = await Promise.all([
    startAlone(provider),
    startHousehold(provider),
    Server.start({ config: models(provider), env: provider.env, host: '0.0.0.0', args: ['--setup'] }),
    Server.start({ config: '[model]\nprovider = "embedded"\nweights = "/nowhere/qwen2.5-coder-7b.gguf"\n' }),
  ]);
  const stop = async () => {
    provider.release();
    await Promise.all([alone.server, household.server, first, bare].map((server) => server.dispose()));
    provider.stop();
  };
  return { alone, household, first, bare, stop };
}
