import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { createMetrics } from '@idp/telemetry';
import { describe, expect, it } from 'vitest';
import { createEgress } from '../src/index.ts';
import type { EgressClass, EgressInit } from '../src/index.ts';
import { startPeer } from './peer.ts';
import type { Serve } from './peer.ts';

const tenantId = '0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b';

async function callPeer(serve: Serve, init: EgressInit = {}, className: EgressClass = 'fetch', signal?: AbortSignal) {
  await using peer = await startPeer({ address: '127.0.0.1', serve });
  const egress = createEgress({ allow: ['127.0.0.1'] });
  const options = { class: className, tenantId, purpose: 'test', ...(signal === undefined ? {} : { signal }) };
  const answer = await egress.fetch(`http://127.0.0.1:${peer.port}/a?b=c`, init, options);
  return { answer, peer };
}

const reasonIs = (reason: string) => ({ code: 'UPSTREAM_ERROR', details: { reason } });

describe('fetch', () => {
  it('sends the request as asked, with the name it was given, and keeps no connection and no cookie', async () => {
    const serve = { headers: { 'Set-Cookie': 'a=1', 'X-A': 'b' }, body: [Buffer.from('hello')] };
    const { answer, peer } = await callPeer(
      serve,
      { method: 'POST', headers: { 'X-Api-Key': 'k' }, body: '{"a":1}' },
      'api',
    );
    expect(answer).toMatchObject({ status: 200, url: `http://127.0.0.1:${peer.port}/a?b=c`, headers: { 'x-a': 'b' } });
    expect(answer.body.toString()).toBe('hello');
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(peer.requests[0]).toContain('POST /a?b=c HTTP/1.1\r\n');
    expect(peer.requests[0]?.toLowerCase()).toContain(`host: 127.0.0.1:${peer.port}\r\n`);
    expect(peer.requests[0]?.toLowerCase()).toContain('connection: close\r\n');
  });

  it('reads nothing from proxy variables', async () => {
    await using proxy = await startPeer({ address: '127.0.0.1' });
    const before = { ...process.env };
    Object.assign(process.env, {
      HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
      http_proxy: `http://127.0.0.1:${proxy.port}`,
      NODE_USE_ENV_PROXY: '1',
    });
    try {
      expect((await callPeer({ body: [Buffer.from('direct')] })).answer.body.toString()).toBe('direct');
      expect(proxy.connections).toBe(0);
    } finally {
      process.env = before;
    }
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('decodes %s', async (encoding, compress) => {
    const { answer } = await callPeer({
      headers: { 'Content-Encoding': encoding },
      body: [compress(Buffer.from('text'))],
    });
    expect(answer.body.toString()).toBe('text');
  });

  it.each([
    [
      'a coding nobody offered',
      { headers: { 'Content-Encoding': 'gzip, gzip' }, body: [Buffer.from('x')] },
      'decoding',
    ],
    [
      'a body that is not what it says',
      { headers: { 'Content-Encoding': 'gzip' }, body: [Buffer.from('plain')] },
      'decoding',
    ],
    [
      'a truncated body',
      { headers: { 'Content-Encoding': 'gzip' }, body: [gzipSync(Buffer.alloc(9_000, 'ab')).subarray(0, 20)] },
      'decoding',
    ],
    ['one byte over the bound', { bodyBytes: 5 * 1024 * 1024 + 1 }, 'body-too-large'],
    [
      'a ratio over 100',
      { headers: { 'Content-Encoding': 'gzip' }, body: [gzipSync(Buffer.alloc(1024 * 1024))] },
      'compression-ratio',
    ],
    ['headers over 16 KiB', { headers: { 'X-A': 'a'.repeat(17_000) } }, 'headers-too-large'],
    ['no HTTP', { rawResponse: 'SSH-2.0-OpenSSH_9.2\r\n' }, 'protocol'],
  ])('fails for %s', async (_name, serve: Serve, reason) => {
    await expect(callPeer(serve)).rejects.toMatchObject(reasonIs(reason));
  });

  it('fails where nobody listens', async () => {
    const peer = await startPeer({ address: '127.0.0.1' });
    await peer[Symbol.asyncDispose]();
    const egress = createEgress({ allow: ['127.0.0.1'] });
    const call = egress.fetch(`http://127.0.0.1:${peer.port}/`, {}, { class: 'fetch', tenantId, purpose: 'test' });
    await expect(call).rejects.toMatchObject(reasonIs('connection'));
  });

  it('takes a body of exactly the bound', async () => {
    const { answer } = await callPeer({ bodyBytes: 5 * 1024 * 1024 });
    expect(answer.body.length).toBe(5 * 1024 * 1024);
  });

  it('gives up when the caller does, with his reason', async () => {
    const controller = new AbortController();
    const call = callPeer({ silent: true }, {}, 'fetch', controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
  });

  it('refuses headers that belong to the connection and methods the class does not know', async () => {
    await expect(callPeer({}, { headers: { Host: 'evil.test' } })).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    await expect(callPeer({}, { headers: { 'X-A': 'a\r\nHost: b' } })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    await expect(callPeer({}, { method: 'DELETE' })).rejects.toThrow(TypeError);
    await expect(callPeer({}, { body: 'x' })).rejects.toThrow(TypeError);
  });

  it('streams, and lets go of the connection when the reader stops early', async () => {
    await using peer = await startPeer({ address: '127.0.0.1', serve: { bodyBytes: 100 * 1024 * 1024 } });
    const egress = createEgress({ allow: ['127.0.0.1'] });
    {
      await using answer = await egress.stream(
        `http://127.0.0.1:${peer.port}/`,
        {},
        { class: 'git', tenantId, purpose: 'test' },
      );
      for await (const chunk of answer.body) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
    }
    await expect.poll(() => peer.open).toBe(0);
  });
});

describe('metrics and logs', () => {
  it('count every call and refusal, with the rule that was broken, and show no address', async () => {
    await using peer = await startPeer({ address: '127.0.0.1' });
    const metrics = createMetrics('test');
    const lines: object[] = [];
    const logger = { warn: (fields: object, message: string) => void lines.push({ ...fields, message }) };
    const egress = createEgress({ allow: [`127.0.0.1:${peer.port}`], metrics, logger });
    const options = { class: 'fetch', tenantId, purpose: 'test' } as const;
    await egress.fetch(`http://127.0.0.1:${peer.port}/`, {}, options);
    await egress.fetch('http://127.0.0.1:1/', {}, options).catch(() => {});
    await egress.check('http://10.0.0.1/private', options).catch(() => {});
    await egress.check('https://localhost/', options).catch(() => {});
    const valuesOf = async (name: string, ...labels: string[]) =>
      (await metrics.counter(name, '').get()).values.map(({ value, labels: found }) => [
        ...labels.map((label) => found[label]),
        value,
      ]);
    expect(await valuesOf('egress_requests_total', 'class', 'outcome')).toEqual([
      ['fetch', 'answered', 1],
      ['fetch', 'refused', 1],
    ]);
    expect(await valuesOf('egress_blocked_total', 'class', 'reason')).toEqual([
      ['fetch', 'rule-5', 2],
      ['fetch', 'rule-3', 1],
    ]);
    expect(await metrics.registry.getSingleMetricAsString('egress_seconds')).toMatch(
      /egress_seconds_count\{[^}]*\} 2\b/,
    );
    expect(lines).toHaveLength(3);
    expect(JSON.stringify(lines)).not.toMatch(/10\.0\.0\.1|private|localhost/);
  });
});
