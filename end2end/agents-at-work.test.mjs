// Agents at work: calls that wait are decided in the inbox, tasks are made and run, and what agents
// have stored can be looked at and not be changed.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hydrated, open } from './support/browser.mjs';
import { Chat } from './support/chat.mjs';
import { useApprovals } from './support/deleting-provider.mjs';
import { Wire } from './support/wire.mjs';

const LIMIT = { timeout: 60_000 };

describe('agents at work', () => {
  const suite = useApprovals();

  const byId = (page, name) => page.locator(`[data-testid="${name}"]`);

  it('decides in the inbox on what a conversation waits for', LIMIT, async () => {
    const chat = await Chat.open(suite.browser, suite.server.origin);
    await chat.ask('Delete that file, please.');
    await chat.find('approval').waitFor();
    await chat.find('approvals-badge').getByText('1', { exact: true }).waitFor();
    // The conversation and the inbox are asleep, and known all the same.
    await suite.server.kill();
    await suite.server.start();

    const html = await (await fetch(`${suite.server.origin}/approvals`)).text();
    assert.match(html, /data-testid="approval"/, 'the page comes with its data');
    const inbox = await open(suite.browser, `${suite.server.origin}/approvals`);
    const other = await open(suite.browser, `${suite.server.origin}/approvals`);
    await byId(other, 'approval').waitFor();
    await byId(inbox, 'approval-arguments').fill('{"path": "b.txt"}');
    await byId(inbox, 'approval-reason').fill('as agreed');
    await byId(inbox, 'approve').click();
    await byId(other, 'approvals-none').waitFor();
    await byId(other, 'decided').getByText('approved with other arguments').waitFor();
    await byId(other, 'decided').getByText(/ by you$/).waitFor();
    await byId(other, 'approvals-badge').waitFor({ state: 'detached' });
    await chat.answers.last().getByText('I was told: b.txt would be gone now').waitFor();

    // The conversation is drawn by another program: the way there and back is a link's all the same.
    await byId(other, 'decided').click();
    await byId(other, 'decided').getByRole('link').click();
    await other.waitForURL(`**/c/${chat.id}`);
    await byId(other, 'message-user').waitFor();
    await byId(other, 'Approvals').click();
    await byId(other, 'decided').waitFor();
    await other.goBack();
    await byId(other, 'message-user').waitFor();
    await other.goForward();
    await byId(other, 'decided').waitFor();
    assert.deepEqual([inbox.problems, other.problems], [[], []]);
    await Promise.all([chat.page, inbox, other].map((page) => page.close()));
  });

  it('makes a task, runs it now and shows how it went', LIMIT, async () => {
    const page = await open(suite.browser, `${suite.server.origin}/tasks`);
    await byId(page, 'task-new').click();
    await page.waitForURL('**/tasks/new');
    await page.reload();
    const other = await open(suite.browser, `${suite.server.origin}/tasks`);
    await byId(page, 'task-prompt').fill('Tell me the news.');
    await byId(page, 'task-when').fill('99 9 * * *');
    await byId(page, 'task-zone').fill('Mars/Base');
    await byId(page, 'task-create').click();
    await page.getByText('There is no such time zone').waitFor();
    await byId(page, 'task-when').fill('0 9 * * *');
    await byId(page, 'task-zone').fill('Europe/Prague');
    await byId(page, 'task-create').click();
    await page.waitForURL('**/tasks');
    const task = byId(other, 'task');
    await task.getByText('Tell me the news.').waitFor();
    assert.equal(await task.getByTestId('next-runs').locator('p').count(), 3);
    assert.match(await task.getByTestId('next-runs').innerText(), /09:00 CES?T/);

    await task.getByTestId('runNow').click();
    await byId(page, 'task').getByText('succeeded').waitFor();
    await task.getByTestId('pause').click();
    await byId(page, 'task').getByText('paused').waitFor();
    assert.equal(await byId(page, 'task').getByTestId('next-runs').locator('p').count(), 0, 'it does not run');
    await byId(page, 'task').getByTestId('resume').click();
    await task.getByTestId('pause').waitFor();
    assert.equal(await task.getByTestId('next-runs').locator('p').count(), 3);
    await byId(page, 'task').getByRole('link').click();
    await page.waitForURL('**/c/*');
    await byId(page, 'message-assistant').getByText('You said: "Tell me the news."').waitFor();
    await other.getByTestId('remove').click();
    await task.waitFor({ state: 'detached' });
    assert.deepEqual([page.problems, other.problems], [[], []]);
    await Promise.all([page, other].map((each) => each.close()));
  });

  it('shows what agents have stored, as it changes, and changes nothing', LIMIT, async () => {
    const page = await open(suite.browser, `${suite.server.origin}/agents`);
    const instance = page.getByTestId('agent-type').filter({ has: page.getByRole('heading', { name: 'tasks' }) }).getByTestId('instance');
    await instance.and(page.getByText('default')).click();
    await page.waitForURL('**/agents?instance=tasks/default');
    await page.reload();
    const tree = byId(page, 'state-tree');
    const before = Number((await tree.getByText('revision: ').innerText()).split(': ')[1]);
    const tasks = await open(suite.browser, `${suite.server.origin}/tasks/new`);
    await byId(tasks, 'task-prompt').fill('Sleep.');
    await byId(tasks, 'task-when').fill('0 9 * * *');
    await byId(tasks, 'task-create').click();
    await byId(tasks, 'task').waitFor();
    await tree.getByText(`revision: ${before + 1}`).waitFor();
    await byId(page, 'schedules').getByText('perform').waitFor();
    assert.ok((await byId(page, 'connections').locator('p').count()) >= 2);

    // What fails is in the log at once, though the state stays as it is, and nothing of what was said.
    const host = { address: `127.0.0.1:${suite.server.port}` };
    const wire = await Wire.open(host, 'tasks', 'default');
    await byId(page, 'connections').locator('p').nth(2).waitFor();
    await assert.rejects(wire.call('create', 'tell nobody'));
    await byId(page, 'log').getByText(/call of create failed: its words are not for a log/).waitFor();
    await assert.rejects(wire.call('noSuchThing'));
    await byId(page, 'log').getByText(/call of noSuchThing failed/).waitFor();
    wire.close();
    assert.doesNotMatch(await byId(page, 'log').innerText(), /tell nobody/);

    const run = async (sql) => {
      await byId(page, 'sql').fill(sql);
      await byId(page, 'sql-run').click();
    };
    await run('SELECT count(*) AS tasks FROM tasks');
    await byId(page, 'sql-rows').getByRole('columnheader', { name: 'tasks' }).waitFor();
    for (const sql of ['DELETE FROM tasks', "ATTACH 'x' AS x", 'PRAGMA query_only = 0']) {
      await run(sql);
      await page.getByRole('alert').getByText('Only one statement that reads').waitFor();
      await run('SELECT 1 AS one');
      await byId(page, 'sql-rows').getByRole('columnheader', { name: 'one' }).waitFor();
    }
    // A browser writes refused requests to its console.
    page.problems = page.problems.filter((problem) => !/status of 400/.test(problem));
    assert.deepEqual([page.problems, tasks.problems], [[], []]);
    await Promise.all([page, tasks].map((each) => each.close()));
  });

  it('changes what agents have stored once writing was allowed, and logs that', LIMIT, async () => {
    const page = await open(suite.browser, `${suite.server.origin}/tasks/new`);
    await byId(page, 'task-prompt').fill('Dust the shelves.');
    await byId(page, 'task-when').fill('0 9 * * *');
    await byId(page, 'task-create').click();
    await byId(page, 'task').getByText('Dust the shelves.').waitFor();
    await byId(page, 'task').filter({ hasText: 'Dust' }).getByTestId('runNow').click();
    await byId(page, 'task').filter({ hasText: 'Dust' }).getByText('succeeded').waitFor();

    await page.goto(`${suite.server.origin}/agents?instance=tasks/default`);
    await hydrated(page);
    const log = byId(page, 'log');
    await log.getByText(/task perform succeeded/).first().waitFor();
    const run = async (sql) => {
      await byId(page, 'sql').fill(sql);
      await byId(page, 'sql-run').click();
    };
    const change = "UPDATE tasks SET task = replace(task, 'Dust', 'Paint')";
    await run(change);
    await page.getByRole('alert').getByText('Only one statement that reads').waitFor();

    await byId(page, 'sql-unlock').check();
    await run(`${change} WHERE task LIKE '%shelves%'`);
    await page.getByText('Rows changed: 1', { exact: true }).waitFor();
    await log.getByText("unlocked SQL: UPDATE tasks SET task = replace(task, '', '') WHERE task LIKE ''").waitFor();
    await run("UPDATE domovoi_state SET value = '{}'");
    await page.getByRole('alert').getByText('Tables of the runtime').waitFor();
    await run('DROP TABLE tasks');
    await page.getByRole('alert').getByText('Only one statement is allowed').waitFor();

    // It was for as long as the page was open.
    await page.reload();
    await hydrated(page);
    assert.equal(await byId(page, 'sql-unlock').isChecked(), false);
    await run('DELETE FROM tasks');
    await page.getByRole('alert').getByText('Only one statement that reads').waitFor();
    page.problems = page.problems.filter((problem) => !/status of 400/.test(problem));
    await page.goto(`${suite.server.origin}/tasks`);
    await byId(page, 'task').getByText('Paint the shelves.').waitFor();
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  it('tells foreign pages nothing of what is stored', LIMIT, async () => {
    const get = (address, headers) => fetch(`${suite.server.origin}/api/inspect${address}`, { headers });
    assert.equal((await get('', {})).status, 200);
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'http://localhost:5173' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const answer = await get('/tasks/default', headers);
      assert.equal(answer.status, 403);
      assert.doesNotMatch(await answer.text(), /perform/);
    }
    for (const address of ['/nobody', '/nobody/x', '/..%2f..%2fgateway/x', '/assistant/..%2f..%2fagents']) {
      const answer = await get(address, {});
      const body = await answer.text();
      assert.ok(answer.status >= 400 || JSON.parse(body).tables.length === 0, `${address}: ${body}`);
    }
  });
});
