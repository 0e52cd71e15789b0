import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEgress, createResolver, excerpt } from '../src/index.ts';
import type { Egress, EgressClass, EgressInit } from '../src/index.ts';
import { createAuthority } from './certificates.ts';
import { startDnsServer } from './dns-server.ts';
import type { DnsAnswer, DnsServer } from './dns-server.ts';
import { gzipBomb, ssrfItems, text, watchConnections } from './fixture.ts';
import type { SsrfItem } from './fixture.ts';
import { startPeer } from './peer.ts';
import type { Peer, Serve } from './peer.ts';

const tenantId = '0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b';
/** Loopback addresses the operator's list lets pass: they stand for the public internet. */
const publicAddress = '127.0.0.2';
const authority = createAuthority();

let dns: DnsServer;
let egress: Egress;

beforeAll(async () => {
  dns = await startDnsServer();
  egress = createEgress({
    allow: [publicAddress],
    resolver: createResolver({ servers: [dns.address] }),
    ca: [authority.cert],
  });
});
afterAll(async () => {
  await dns[Symbol.asyncDispose]();
});

function itemNamed(id: string): SsrfItem {
  const found = ssrfItems().find((item) => item.id === id);
  if (found === undefined) throw new Error(`no item ${id}`);
  return found;
}

interface Outcome {
  outcome: 'delivered' | 'failed';
  /** What a tenant may see: the excerpt of a body, or the error. */
  shown: string;
  code?: string;
  reason?: string;
}

async function call(url: string, className: EgressClass, init: EgressInit = {}): Promise<Outcome> {
  const method = className === 'webhook' ? 'POST' : 'GET';
  try {
    const answer = await egress.fetch(url, { method, ...init }, { class: className, tenantId, purpose: 'test' });
    const delivered = answer.status >= 200 && answer.status < 300;
    return { outcome: delivered ? 'delivered' : 'failed', shown: excerpt(answer.body) };
  } catch (error) {
    const { code, message, details } = error as { code: string; message: string; details?: { reason?: string } };
    return {
      outcome: 'failed',
      code,
      shown: message,
      ...(details?.reason === undefined ? {} : { reason: details.reason }),
    };
  }
}

/** Starts the peer an item describes, and a counting listener on the same port of 127.0.0.1 where nothing may arrive. */
async function arrange(item: SsrfItem) {
  const host = `${item.id.replace('/', '-')}.peer.test`;
  const secure = String(item.input.url).startsWith('https:');
  const tls = item.input.serve?.['tls'];
  const identity = authority.issue(tls === 'wrong-name' ? 'other.test' : host, {
    expired: tls === 'expired',
    selfSigned: tls === 'self-signed',
  });
  const forbidden = await startPeer({ address: '127.0.0.1' });
  const names = { peer: `${host}:${forbidden.port}`, public: publicAddress };
  const peer = await startPeer({
    address: publicAddress,
    port: forbidden.port,
    serve: serveOf(item, names),
    ...(secure ? { identity } : {}),
  });
  dns.set(host, dnsOf(item, names));
  return { url: text(item.input.url, names), peer, forbidden };
}

function serveOf(item: SsrfItem, names: Record<string, string>): Serve {
  const { headers, body, delayHeadersMs, tls: _tls, ...rest } = item.input.serve ?? {};
  const texts = Object.entries(headers ?? {}).map(([name, form]) => [name, text(form, names)]);
  const bomb = (body as { $gzip?: { $repeat: [string, number] } } | undefined)?.$gzip?.$repeat;
  return {
    ...(rest as Serve),
    headers: Object.fromEntries(texts) as Record<string, string>,
    ...(delayHeadersMs === undefined ? {} : { silent: true }),
    ...(body === undefined ? {} : { body: bomb === undefined ? [Buffer.from(text(body, names))] : gzipBomb(...bomb) }),
  };
}

function dnsOf(item: SsrfItem, names: Record<string, string>): DnsAnswer[] {
  return (item.input.dns ?? [{ A: [publicAddress] }]).map((answer) => {
    const form = answer['A'] as string[] | { $list: [string, number] } | undefined;
    const addresses =
      form === undefined || Array.isArray(form) ? form : Array<string>(form.$list[1]).fill(form.$list[0]);
    return {
      ...answer,
      ...(addresses === undefined ? {} : { A: addresses.map((each) => text(each, names)) }),
    };
  });
}

async function dispose(...peers: Peer[]): Promise<void> {
  await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()));
}

/** Which class shows the item best: one that follows redirects, one that is short where the peer is slow. */
const classOf: Record<string, EgressClass> = { 'ssrf/drip-one-byte': 'probe', 'ssrf/slow-headers': 'oidc' };
/** Peers that only the time of the class ends. */
const endless = new Set(Object.keys(classOf));
const reasonOf: Record<string, string> = {
  'ssrf/redirect-chain-20': 'redirect',
  'ssrf/redirect-loop': 'redirect',
  'ssrf/body-10-gib': 'body-too-large',
  'ssrf/gzip-bomb': 'compression-ratio',
  'ssrf/headers-1-mib': 'headers-too-large',
  'ssrf/tls-wrong-name': 'tls',
  'ssrf/tls-self-signed': 'tls',
  'ssrf/tls-expired': 'tls',
  'ssrf/switch-protocols': 'protocol',
};
const own = new Set([
  'ssrf/redirect-drops-credentials',
  'ssrf/rebinding',
  'ssrf/dns-timeout',
  'ssrf/dns-nxdomain-same-answer',
]);
const items = ssrfItems().filter((item) => item.input.kind === 'peer' && !own.has(item.id));

describe('peers of class ssrf at use', () => {
  it.concurrent.each(items.map((item) => [item.id, item] as const))('%s', async (id, item) => {
    const { url, peer, forbidden } = await arrange(item);
    const answer = await call(url, classOf[id] ?? 'fetch');
    expect(item.expect['outcome']).toContain(answer.outcome);
    expect(answer.reason).toBe(reasonOf[id]);
    expect(answer.code === 'TIMEOUT').toBe(endless.has(id));
    for (const absent of (item.expect['absent'] as string[] | undefined) ?? [])
      expect(answer.shown).not.toContain(absent);
    expect(forbidden.connections).toBe(0);
    await dispose(peer, forbidden);
    expect(peer.bytesSent).toBeLessThan(64 * 1024 * 1024);
  });

  it('connects to the address that was checked, whatever the name says the next time', async () => {
    const { url, peer, forbidden } = await arrange(itemNamed('ssrf/rebinding'));
    using watched = watchConnections();
    expect(await call(url, 'fetch')).toMatchObject({ outcome: 'delivered' });
    expect(watched.targets).toEqual([`${publicAddress} ${peer.port}`]);
    expect(await call(url, 'fetch')).toMatchObject({ outcome: 'failed', code: 'URL_NOT_ALLOWED' });
    expect([peer.connections, forbidden.connections]).toEqual([1, 0]);
    await dispose(peer, forbidden);
  });

  it('refuses a name whose server does not answer, and one that does not exist, like a private address', async () => {
    const slow = await arrange(itemNamed('ssrf/dns-timeout'));
    const missing = await arrange(itemNamed('ssrf/dns-nxdomain-same-answer'));
    const answers = await Promise.all(
      [slow.url, missing.url, text(itemNamed('ssrf/private-10').input.url)].map((url) => call(url, 'fetch')),
    );
    expect(answers[0]).toMatchObject({ code: 'URL_NOT_ALLOWED' });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    await dispose(slow.peer, slow.forbidden, missing.peer, missing.forbidden);
  });

  it('takes credentials to no other origin', async () => {
    const host2 = 'second.peer.test';
    const second = await startPeer({ address: publicAddress, identity: authority.issue(host2) });
    const item = itemNamed('ssrf/redirect-drops-credentials');
    item.input.serve = { status: 302, headers: { Location: `https://${host2}:${second.port}/` } };
    dns.set(host2, [{ A: [publicAddress] }]);
    const { url, peer, forbidden } = await arrange(item);
    const headers = {
      authorization: 'Bearer s3cret',
      cookie: 'a=s3cret',
      'private-token': 's3cret',
      'accept-language': 'de',
    };
    expect(await call(url, 'fetch', { headers })).toMatchObject({ outcome: 'delivered' });
    expect(peer.requests[0]).toMatch(/s3cret[^]*s3cret[^]*s3cret/);
    expect(second.requests[0]).toMatch(/accept-language: de/i);
    expect(second.requests[0]).not.toContain('s3cret');
    await dispose(peer, forbidden, second);
  });
});
