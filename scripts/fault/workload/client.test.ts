import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServiceProcess } from '../stack/service-process.ts';
import { callUntilClear, type Call } from './client.ts';

/** What the server does with one request after the other: answers a status, or breaks the connection. */
type Step = number | 'break';

let server: Server;
let steps: Step[];
let keys: (string | undefined)[];

beforeEach(async () => {
  keys = [];
  server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key'] as string | undefined);
    const step = steps.shift() ?? 500;
    if (step === 'break') request.socket.destroy();
    else response.writeHead(step).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function outcomeOf(method: string, ...planned: Step[]): Promise<string> {
  steps = planned;
  const target = { name: 'one', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } as ServiceProcess;
  const call: Call = { method, path: '/', idempotencyKey: 'same' };
  const { outcome, tries } = await callUntilClear([target], 'token', call, { patienceMs: 400, first: 0 });
  return `${outcome} ${tries}`;
}

describe('an operation is', () => {
  test('ok when some try is confirmed, whatever came before', async () => {
    expect(await outcomeOf('POST', 201)).toBe('ok 1');
    expect(await outcomeOf('POST', 'break', 503, 201)).toBe('ok 3');
    expect(keys).toEqual(['same', 'same', 'same', 'same']);
  });

  test('failed when it is refused and no earlier try was left open', async () => {
    expect(await outcomeOf('POST', 422)).toBe('fail 1');
    expect(await outcomeOf('POST', 503, 429, 422)).toBe('fail 3');
  });

  test('unknown when an earlier try may have happened', async () => {
    expect(await outcomeOf('POST', 'break', 422)).toBe('unknown 2');
    expect(await outcomeOf('POST', 500, 422)).toBe('unknown 2');
  });

  test('ok when a deletion left open finds nothing the next time', async () => {
    expect(await outcomeOf('DELETE', 'break', 404)).toBe('ok 2');
    expect(await outcomeOf('DELETE', 404)).toBe('fail 1');
  });

  test('given up after a while: failed if nothing can have happened, else unknown', async () => {
    expect(await outcomeOf('POST', ...Array<Step>(50).fill(503))).toMatch(/^fail /);
    expect(await outcomeOf('POST', ...Array<Step>(50).fill('break'))).toMatch(/^unknown /);
  });
});
