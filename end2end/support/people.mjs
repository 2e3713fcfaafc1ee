// Accounts as a test makes and uses them.

import assert from 'node:assert/strict';
import { runBinary } from './server.mjs';

/** What a browser sends that wants to show something. */
export const PAGE = { accept: 'text/html' };

/** `domovoi user ...` on the data of a server, running or not. */
export function user(server, args, input) {
  return runBinary(['user', ...args, '--data-dir', server.dataDir], { input });
}

/** Lets somebody sign in; answers their password. */
export async function addUser(server, name, ...args) {
  const { code, stdout, stderr } = await user(server, ['add', name, '--generate', ...args]);
  assert.equal(code, 0, stderr);
  return /password: (\S+)/.exec(stdout)[1];
}

/** Sends a form as a page of the server's own does. */
export function send(server, path, fields = {}, { cookie, ...headers } = {}) {
  return fetch(server.origin + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: server.origin, ...(cookie ? { cookie } : {}), ...headers },
    body: new URLSearchParams(fields),
  });
}

/** Asks for something; redirects are answers. */
export function ask(server, path, { cookie, ...headers } = {}) {
  const all = { ...headers, ...(cookie ? { cookie } : {}) };
  return fetch(server.origin + path, { redirect: 'manual', headers: all });
}

/** The cookie an answer sets, as it is sent back. */
export function cookieOf(response) {
  return response.headers.get('set-cookie')?.split(';')[0];
}

/** Signs somebody in; answers their cookie. */
export async function signIn(server, name, password) {
  const response = await send(server, '/sign-in', { name, password });
  assert.equal(response.status, 303, await response.text());
  return cookieOf(response);
}

/** Where `Wire` connects to, as somebody. */
export function hostFor(server, cookie) {
  return { address: `127.0.0.1:${server.port}`, headers: cookie ? { cookie } : {} };
}
