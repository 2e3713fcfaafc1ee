// A database of the server, from outside: by Python's SQLite.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const PROGRAM = `
import json, sqlite3, sys
file, sql, values = json.load(sys.stdin)
with sqlite3.connect(file) as database:
    print(json.dumps(database.execute(sql, values).fetchall()))
`;

/** Runs a statement; answers its rows. */
export async function sql(file, statement, ...values) {
  const run = promisify(execFile)('python3', ['-c', PROGRAM]);
  run.child.stdin.end(JSON.stringify([file, statement, values]));
  return JSON.parse((await run).stdout);
}
