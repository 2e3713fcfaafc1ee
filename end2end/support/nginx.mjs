// nginx with the configuration of the guide, word for word but for names, ports and the certificate.

import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const guide = fileURLToPath(new URL('../../docs/guide/running.md', import.meta.url));

/** The name in the guide's examples. */
export const NAME = 'chat.example.com';

const DOMOVOI = '127.0.0.1:8787';

/** Where Debian has it is not in everybody's path. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

const isMissing = (program, ...args) => Boolean(spawnSync(program, args, { env }).error);

/** Why it cannot be had here; false where it can. Where everything must be tested, it is installed. */
export const without = isMissing('nginx', '-v') || isMissing('openssl', 'version') ? 'nginx or openssl is not on this machine' : false;

/** nginx on `port` before `server`: `{ output, stop }`. */
export async function startNginx(server, port) {
  const folder = await mkdtemp(path.join(tmpdir(), 'domovoi-nginx-'));
  await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`, '-keyout', 'key.pem', '-out', 'cert.pem',
  ], { cwd: folder });
  const [, example] = /```nginx\n([^]*?)```/.exec(await readFile(guide, 'utf8'));
  const site = example
    .replace('listen 443', `listen 127.0.0.1:${port}`)
    .replace(/(?<=ssl_certificate )[^;]*/, 'cert.pem')
    .replace(/(?<=ssl_certificate_key )[^;]*/, 'key.pem')
    .replace(DOMOVOI, `127.0.0.1:${server.port}`);
  const kept = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${what};`);
  const config = `daemon off; pid nginx.pid; worker_processes 1; error_log stderr;
events {}
http { access_log off; ${kept.join(' ')}\n${site}\n}`;
  // As root its workers are somebody else, who cannot read the folder.
  const user = process.getuid() === 0 ? 'user root; ' : '';
  await writeFile(path.join(folder, 'nginx.conf'), user + config);
  const child = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const nginx = { output: '' };
  let isOver = false;
  const ended = new Promise((resolve) => {
    child.on('error', (error) => (nginx.output += error.message));
    child.on('close', () => resolve((isOver = true)));
  });
  child.stderr.on('data', (chunk) => (nginx.output += chunk));
  nginx.stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  while (!(await answers(port))) {
    if (!isOver) continue;
    await nginx.stop();
    throw new Error(`nginx ended\n${nginx.output}`);
  }
  return nginx;
}

/** Whether somebody listens on a port. */
function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
