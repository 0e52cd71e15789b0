import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { testEnvoy } from '@idp/testing';
import { expect, test, vi } from 'vitest';
import { exchange, type Answer, type Request } from './conformance/wire.ts';
import { startEnvoyTarget, type EnvoyTarget } from './conformance/targets/envoy.ts';
import { suiteRoutes } from './conformance/targets/routes.ts';
import type { Service } from './conformance/targets/services.ts';

const binary = await testEnvoy();

// Each test waits for something that takes as many requests as it takes.
vi.setConfig({ testTimeout: 120_000 });

async function signed(target: EnvoyTarget): Promise<Record<string, string>> {
  return { authorization: `Bearer ${await target.issuer.token()}` };
}

/** The answers to so many requests, eight at a time. */
async function many(target: EnvoyTarget, count: number, request: Request): Promise<Answer[]> {
  const answers: Answer[] = [];
  let sent = 0;
  const one = async (): Promise<void> => {
    while (sent < count) {
      sent += 1;
      answers.push(await exchange(target.port, request));
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
  return answers;
}

const codeOf = ({ body }: Answer): string => (JSON.parse(body) as { error: { code: string } }).error.code;

test('without the edge tokens pass, keys are 503, and one address is held back all the same', async () => {
  await using target = await startEnvoyTarget(binary);
  const key = { path: '/api/v1/one', headers: { authorization: `Bearer ${target.issuer.key()}` } };
  expect((await exchange(target.port, key)).status).toBe(200);
  await target.edge[Symbol.asyncDispose]();
  expect((await exchange(target.port, { path: '/api/v1/one', headers: await signed(target) })).status).toBe(200);
  const refused = await exchange(target.port, key);
  expect({ status: refused.status, code: codeOf(refused) }).toEqual({ status: 503, code: 'UNAVAILABLE' });
  let limited: Answer | undefined;
  while (limited === undefined) {
    const answers = await many(target, 200, { path: '/api/v1/enter' });
    limited = answers.find(({ status }) => status !== 200);
  }
  expect(limited.status).toBe(429);
  expect(codeOf(limited)).toBe('RATE_LIMIT_EXCEEDED');
  expect(limited.headers['retry-after']).toBe('1');
});

test('without auth tokens whose key is known pass', async () => {
  await using target = await startEnvoyTarget(binary);
  const headers = await signed(target);
  await target.services['auth']!.stop();
  const answers = await many(target, 20, { path: '/api/v1/one', headers });
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
});

test('other routes are taken over under load without a failed request', async () => {
  await using target = await startEnvoyTarget(binary);
  const more = (generation: number) => ({
    ...suiteRoutes,
    routes: [
      ...suiteRoutes.routes,
      { ...suiteRoutes.routes[0]!, id: 'new', path: `/api/v1/new-${generation}`, auth: 'public' as const },
    ],
  });
  const load = { path: '/api/v1/open' };
  const answers: Answer[] = [];
  for (const generation of [1, 2, 3, 4]) {
    await target.render(more(generation));
    let found = false;
    while (!found) {
      answers.push(...(await many(target, 50, load)));
      found = (await exchange(target.port, { path: `/api/v1/new-${generation}` })).status === 200;
    }
  }
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect((await exchange(target.port, { path: '/api/v1/new-3' })).status).toBe(404);
});

test('of two servers the one that fails is left out', async () => {
  const failing: Service = (req, res) => void res.writeHead(req.url === '/readyz' ? 200 : 500).end();
  await using target = await startEnvoyTarget(binary, { replica: failing });
  const ask = async () => (await exchange(target.port, { path: '/api/v1/open' })).status;
  const statuses: number[] = [];
  // Thirty answers in a row without a failure: of two servers that both get requests none would come so far.
  while (!statuses.slice(-30).every((status) => status === 200) || statuses.length < 40) {
    statuses.push(await ask());
    expect(statuses.length).toBeLessThan(1_000);
  }
  expect(statuses.filter((status) => status === 500).length).toBeGreaterThanOrEqual(5);
});

test('an event arrives while its stream is open, and a client that leaves ends the service’s part', async () => {
  let isOpen = false;
  const closed = Promise.withResolvers<void>();
  const streaming: Service = (req: IncomingMessage, res) => {
    if (req.url === '/readyz') return void res.end();
    isOpen = true;
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: first\n\n');
    res.once('close', closed.resolve);
  };
  await using target = await startEnvoyTarget(binary, { replica: streaming });
  const events = '/api/v1/events';
  await target.render({
    ...suiteRoutes,
    routes: [
      ...suiteRoutes.routes,
      { ...suiteRoutes.routes[0]!, id: 'events', path: events, auth: 'public', stream: 'sse' },
    ],
  });
  // Half of the requests get to the other server.
  let first: Buffer | undefined;
  while (first === undefined) {
    const request = get({ port: target.port, host: '127.0.0.1', path: events, headers: { host: 'localhost' } });
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    if (isOpen) [first] = (await once(answer, 'data')) as [Buffer];
    request.destroy();
  }
  expect(first.toString()).toBe('data: first\n\n');
  await closed.promise;
});

/** Other systems have only one address of their own. */
test.skipIf(process.platform !== 'linux')('a trusted proxy says whom it speaks for, others do not', async () => {
  await using target = await startEnvoyTarget(binary, { trustedProxies: ['127.0.0.9'] });
  const headers = { 'X-Forwarded-For': '203.0.113.9, 198.51.100.7', 'X-Idp-User': 'forged', ...(await signed(target)) };
  for (const from of ['127.0.0.9', '127.0.0.8'])
    expect((await exchange(target.port, { path: '/api/v1/one', headers }, from)).status).toBe(200);
  await expect.poll(() => target.log.length).toBe(2);
  expect(target.log.map(({ clientIp }) => clientIp)).toEqual(['198.51.100.7', '127.0.0.8']);
  const [trusted, other] = target.seen.map((request) => request.headers);
  expect(trusted!['x-forwarded-for']).toContain('198.51.100.7');
  expect(JSON.stringify(other)).not.toContain('198.51.100.7');
  expect([trusted!['x-idp-user'], other!['x-idp-user']]).toEqual([undefined, undefined]);
});
