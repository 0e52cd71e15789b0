import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEgress, createResolver } from '../src/index.ts';
import type { EgressClass } from '../src/index.ts';
import { startDnsServer } from './dns-server.ts';
import type { DnsServer } from './dns-server.ts';
import { ssrfItems, text, watchConnections } from './fixture.ts';
import { startPeer } from './peer.ts';
import type { Peer } from './peer.ts';

const tenantId = '0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b';
const every: readonly EgressClass[] = ['webhook', 'probe', 'scrape', 'oidc', 'git', 'fetch', 'api'];
const items = ssrfItems().filter((item) => item.input.kind === 'url');

let dns: DnsServer;
const listeners: Peer[] = [];

beforeAll(async () => {
  dns = await startDnsServer();
  dns.set('localtest.me', [{ A: ['127.0.0.1'], AAAA: ['::1'] }]);
  dns.set('ok.test', [{ A: ['93.184.216.34'] }]);
  listeners.push(await startPeer({ address: '127.0.0.1' }));
});
afterAll(async () => {
  await Promise.all([dns, ...listeners].map((each) => each[Symbol.asyncDispose]()));
});

function refusedText(
  url: string,
  className: EgressClass,
  allow: string[] = [],
): Promise<{ code: string; details: unknown; message: string }> {
  const egress = createEgress({ allow, resolver: createResolver({ servers: [dns.address] }) });
  const options = { class: className, tenantId };
  return egress.check(url, options).then(
    () => ({ code: 'accepted', details: url, message: '' }),
    (error: { code: string; details: unknown; message: string }) => ({
      code: error.code,
      details: error.details,
      message: error.message,
    }),
  );
}

/** The address as listed, over https, and on the port of the listener: a refusal must not hang on scheme or port. */
function variants(url: string): string[] {
  const port = listeners[0]?.port;
  const withPort = /^https?:\/\/[^/:@?#]+\/$/.test(url) ? [`${url.slice(0, -1)}:${port}/`] : [];
  return [url, ...withPort].flatMap((each) => [each, each.replace(/^http:/, 'https:')]);
}

describe('addresses of class ssrf, at save and at use', () => {
  it.concurrent.each(items.map((item) => [item.id, item] as const))(
    '%s is refused by every class',
    async (_id, item) => {
      const urls = variants(text(item.input.url));
      using watched = watchConnections();
      for (const className of every) {
        const answers = await Promise.all(urls.map((url) => refusedText(url, className)));
        expect(answers.map((answer) => answer.code)).toEqual(urls.map(() => 'URL_NOT_ALLOWED'));
        expect((item.expect['code'] as string[])[0]).toBe('URL_NOT_ALLOWED');
      }
      expect(watched.targets).toEqual([]);
    },
  );

  it('refuses at use what it refuses at save, without a connection', async () => {
    using watched = watchConnections();
    const egress = createEgress({ allow: [], resolver: createResolver({ servers: [dns.address] }) });
    const calls = items
      .flatMap((item) => variants(text(item.input.url)))
      .map((url) => egress.fetch(url, {}, { class: 'probe', tenantId, purpose: 'test' }));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toEqual([]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'URL_NOT_ALLOWED', status: 422 } });
    expect(watched.targets).toEqual([]);
    expect(listeners.map((listener) => listener.connections)).toEqual([0]);
  });

  it('gives a private address, an inner name and a name that does not exist one answer', async () => {
    const urls = [
      'http://10.0.0.1/',
      'http://localtest.me/',
      'http://metadata.google.internal/',
      'http://nothing.test/',
    ];
    const answers = await Promise.all(urls.map((url) => refusedText(url, 'fetch')));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ details: { rule: 3 } });
  });
});

describe('what lists never open', () => {
  const everything = ['0.0.0.0/0', '[::/0]', 'metadata.google.internal', 'localtest.me'];
  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://0.0.0.0/',
    'http://[::]/',
    'http://[::ffff:7f00:1]/',
    'http://[64:ff9b:1::7f00:1]/',
    'http://224.0.0.1/',
  ])('%s', async (url) => {
    const answers = await Promise.all(every.map((className) => refusedText(url, className, everything)));
    expect(new Set(answers.map((answer) => answer.code))).toEqual(new Set(['URL_NOT_ALLOWED']));
  });

  it('private targets of webhooks', async () => {
    expect(await refusedText('http://127.0.0.1/', 'webhook', everything)).toMatchObject({
      code: 'URL_NOT_ALLOWED',
      details: { rule: 3 },
    });
  });

  it("the platform's own endpoints, by any of their names", async () => {
    const forbidden = [{ host: 'localhost', port: 5432 }];
    const egress = createEgress({ allow: ['0.0.0.0/0', '[::/0]', 'localhost'], forbidden });
    const urls = ['http://127.0.0.1:5432/', 'http://127.8.8.8:5432/', 'http://[::1]:5432/', 'http://localhost:5432/'];
    for (const url of urls)
      await expect(egress.check(url, { class: 'fetch', tenantId })).rejects.toMatchObject({ code: 'URL_NOT_ALLOWED' });
    await expect(egress.check('http://127.0.0.1:5433/', { class: 'fetch', tenantId })).resolves.toBeInstanceOf(URL);
  });
});

describe('what lists open', () => {
  it.each([
    ['http://127.0.0.1:8080/', '127.0.0.0/8', 'fetch', 'opened'],
    ['http://127.0.0.1:8080/', '127.0.0.1:8080@fetch', 'fetch', 'opened'],
    ['http://127.0.0.1:8081/', '127.0.0.1:8080@fetch', 'fetch', 'refused'],
    ['http://127.0.0.1:8080/', '127.0.0.1:8080@git', 'fetch', 'refused'],
    ['http://localtest.me/', '127.0.0.1', 'fetch', 'refused'],
    ['http://localtest.me/', 'localtest.me', 'fetch', 'opened'],
    ['http://ok.test/', 'ok.test@webhook', 'webhook', 'opened'],
    ['http://ok.test/', '127.0.0.1', 'webhook', 'refused'],
    ['https://ok.test:9000/', 'ok.test:9000', 'webhook', 'opened'],
    ['https://ok.test:9000/', '127.0.0.1', 'webhook', 'refused'],
    ['https://ok.test/', '127.0.0.1', 'webhook', 'opened'],
    ['http://ok.test:81/', '127.0.0.1', 'probe', 'opened'],
  ] as const)('%s with %s for %s is %s', async (url, entry, className, outcome) => {
    const systemless = {
      resolve: (host: string, { signal }: { signal: AbortSignal }) =>
        createResolver({ servers: [dns.address] }).resolve(host, { signal, system: false }),
    };
    const egress = createEgress({ allow: [entry], resolver: systemless });
    const checked = await egress.check(url, { class: className, tenantId }).then(
      () => 'opened',
      (error: { code: string }) => (error.code === 'URL_NOT_ALLOWED' ? 'refused' : error.code),
    );
    expect(checked).toBe(outcome);
  });

  it('are the lists of operator and tenant together where the class says so', async () => {
    const tenantSettings = () => Promise.resolve({ allow: ['127.0.0.1'], plainHttpWebhooks: false });
    const egress = createEgress({ allow: ['127.0.0.0/8'], tenantSettings });
    await expect(egress.check('http://127.0.0.1/', { class: 'fetch', tenantId })).resolves.toBeInstanceOf(URL);
    await expect(egress.check('http://127.0.0.2/', { class: 'fetch', tenantId })).rejects.toMatchObject({
      code: 'URL_NOT_ALLOWED',
    });
    await expect(egress.check('http://127.0.0.2/', { class: 'api', tenantId })).resolves.toBeInstanceOf(URL);
  });
});
