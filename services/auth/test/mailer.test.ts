import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { expect, test } from 'vitest';
import { createMailer } from '../src/adapters/mailer.ts';

const from = 'IDP <idp@example.test>';
const mail = { to: 'someone@example.test', subject: 'An invitation ✓', text: 'Open this link.' };

/** A mail server that keeps what it is given, or refuses it. */
async function mailServer(refuse = false) {
  const taken: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    // No name server is asked who 127.0.0.1 is.
    disableReverseLookup: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        taken.push(Buffer.concat(chunks).toString());
        done(refuse ? Object.assign(new Error('try later'), { responseCode: 451 }) : null);
      });
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  return {
    taken,
    url: `smtp://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(resolve)),
  };
}

test('a mail server takes the mail', async () => {
  await using server = await mailServer();
  await createMailer({ url: server.url, from, directory: '/nowhere' }).send(mail);
  expect(server.taken).toHaveLength(1);
  expect(server.taken[0]).toContain('To: someone@example.test');
  expect(server.taken[0]).toContain('From: IDP <idp@example.test>');
  expect(server.taken[0]).toContain('Open this link.');
});

test('a mail the server refuses, and a server that is away, are errors', async () => {
  const server = await mailServer(true);
  await expect(createMailer({ url: server.url, from, directory: '/nowhere' }).send(mail)).rejects.toThrow('451');
  await server[Symbol.asyncDispose]();
  await expect(createMailer({ url: server.url, from, directory: '/nowhere' }).send(mail)).rejects.toThrow(
    'ECONNREFUSED',
  );
});

test('without a server each mail is a file that only its owner reads', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'idp-mail-'));
  try {
    const mailer = createMailer({ from, directory: join(directory, 'mail') });
    await mailer.send(mail);
    await mailer.send(mail);
    const names = await readdir(join(directory, 'mail'));
    expect(names.filter((name) => name.endsWith('.eml'))).toHaveLength(2);
    expect(names).toHaveLength(2);
    const path = join(directory, 'mail', names[0]!);
    expect(await readFile(path, 'utf8')).toContain('Open this link.');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('a header cannot be broken into two', async () => {
  await using server = await mailServer();
  const hostile = { ...mail, subject: 'x\r\nBcc: other@example.test', to: 'someone@example.test' };
  await createMailer({ url: server.url, from, directory: '/nowhere' }).send(hostile);
  expect(server.taken[0]).not.toMatch(/^Bcc:/m);
});
