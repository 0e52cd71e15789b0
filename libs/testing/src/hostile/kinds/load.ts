import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { HostileInput, HostileItem } from '../items.ts';
import { MissingError } from '../missing.ts';
import type { Outcome } from '../outcome.ts';
import { targetOf } from '../target.ts';
import type { Fixture, PreparedOperation, Target } from '../target.ts';
import { runFlood } from './flood.ts';
import { readAnswers } from '../wire/raw.ts';
import { headerOf, send } from '../wire/client.ts';

type LoadInput = Extract<HostileInput, { kind: 'load' }>;

interface LoadPlace {
  target: Target;
  path: string;
  headers: string;
}

type Behaviour = (place: LoadPlace, sockets: number, item: HostileItem) => Promise<string[]>;

const behaviours: Readonly<Record<string, Behaviour>> = {
  'headers-1-byte-per-second': (place, sockets, item) =>
    drip(place, sockets, item, `GET ${place.path} HTTP/1.1\r\nHost: ${hostOf(place)}\r\nX-A: `),
  'body-1-byte-per-second': (place, sockets, item) =>
    drip(
      place,
      sockets,
      item,
      `POST ${place.path} HTTP/1.1\r\nHost: ${hostOf(place)}\r\n${place.headers}Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n`,
    ),
  'one-request-then-idle': (place, sockets, item) =>
    drip(place, sockets, item, `GET ${place.path} HTTP/1.1\r\nHost: ${hostOf(place)}\r\n${place.headers}\r\n`, false),
  '1000-pipelined-gets': pipelined,
  'reset-after-first-byte': resets,
};

/** Behaviours that take minutes or need a machine of their own run only where `long` is asked for. */
const long = new Set(['one-request-then-idle']);

/**
 * Slow and greedy clients. Judged here: sockets are closed in time, answers keep their order, the service serves others meanwhile. How much
 * slower it serves them is measured where nothing else runs.
 */
export async function runLoad(
  item: HostileItem,
  input: LoadInput,
  operations: readonly PreparedOperation[],
  options: { fixture: Fixture; long: boolean },
): Promise<readonly Outcome[]> {
  if (input.websockets !== undefined) throw new MissingError('route', 'one that speaks WebSocket');
  if (input.rate !== undefined) return runFlood(item, input, operations, options);
  const behaviour = behaviours[input.send ?? ''];
  if (behaviour === undefined) throw new MissingError('capability', `load ${input.send}`);
  if (long.has(input.send ?? '') && !options.long)
    throw new MissingError('capability', 'a long run (scripts/hostile.ts --long)');
  const outcomes = firstReads(operations, input.send?.startsWith('body') === true ? 'POST' : 'GET').map(
    async (prepared) => {
      const request = await prepared.request();
      const headers = Object.entries(await prepared.headers()).map(([name, value]) => `${name}: ${value}\r\n`);
      const place = {
        target: prepared.target,
        path: targetOf(prepared.operation.path, request),
        headers: headers.join(''),
      };
      const [deviations, others] = await Promise.all([
        behaviour(place, input.sockets ?? 1, item),
        serveOthers(prepared),
      ]);
      return {
        item: item.id,
        place: `${prepared.target.name} ${prepared.operation.id}`,
        deviations: [...deviations, ...others],
      };
    },
  );
  return Promise.all(outcomes);
}

/** One operation of each service, with a credential where the service asks for one. */
function firstReads(operations: readonly PreparedOperation[], method: string): PreparedOperation[] {
  const fitting = operations.filter(
    ({ operation }) => operation.method === method && (method === 'GET' || operation.body !== undefined),
  );
  const sorted = fitting.toSorted(
    (left, right) =>
      Number(left.operation.public) - Number(right.operation.public) ||
      left.operation.path.length - right.operation.path.length,
  );
  return [...new Set(sorted.map(({ target }) => target))].flatMap(
    (target) => sorted.find((each) => each.target === target) ?? [],
  );
}

async function serveOthers(prepared: PreparedOperation): Promise<string[]> {
  const request = await prepared.request();
  for (let count = 0; count < 5; count++) {
    const answer = await send(prepared.target.baseUrl, {
      method: 'GET',
      target: targetOf(prepared.operation.path, request),
      headers: await prepared.headers(),
    });
    // A gateway takes 200 sockets of one address: the others of these tests come from the same one.
    // Being asked to come again is an answer: nobody sheds load of one client before the others' yet.
    const told = answer.status === 503 && headerOf(answer, 'retry-after') !== undefined;
    if ((answer.status >= 500 && !told) || (answer.status === 0 && prepared.target.gateway !== true))
      return [`another client was answered ${answer.status}`];
  }
  return [];
}

function hostOf({ target }: LoadPlace): string {
  return new URL(target.baseUrl).host;
}

function open({ target }: LoadPlace): Socket {
  const { hostname, port } = new URL(target.baseUrl);
  const socket = connect({ host: hostname, port: Number(port || 80) });
  socket.on('error', () => {});
  return socket;
}

/** Sends a beginning, then one byte a second, until every socket was closed by the other side. */
async function drip(
  place: LoadPlace,
  sockets: number,
  { expect }: HostileItem,
  beginning: string,
  dripping = true,
): Promise<string[]> {
  const limitMs = Number(expect.facts?.['closedWithinMs'] ?? 60_000);
  const closed = Array.from({ length: sockets }, () => {
    const socket = open(place);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.on('connect', () => socket.write(beginning)).resume();
    const timer = dripping ? setInterval(() => socket.write('a'), 1_000) : undefined;
    // Connecting hundreds of sockets takes a moment of its own.
    const limit = setTimeout(() => finish(false), limitMs + 5_000);
    const finish = (ended: boolean) => {
      clearInterval(timer);
      clearTimeout(limit);
      socket.destroy();
      resolve(ended);
    };
    socket.on('close', () => finish(true));
    return promise;
  });
  const left = (await Promise.all(closed)).filter((ended) => !ended).length;
  return left === 0 ? [] : [`${left} of ${sockets} sockets still open after ${limitMs} ms`];
}

/** All requests in one write; every answer carries back the id its request had. */
async function pipelined(place: LoadPlace): Promise<string[]> {
  const count = 1_000;
  const requests = Array.from({ length: count }, (_none, index) => {
    const last = index === count - 1 ? 'Connection: close\r\n' : '';
    return `GET ${place.path} HTTP/1.1\r\nHost: ${hostOf(place)}\r\n${place.headers}X-Request-Id: pipelined-${index}\r\n${last}\r\n`;
  });
  const socket = open(place);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(requests.join(''));
  await new Promise((resolve) => socket.on('close', resolve));
  const text = Buffer.concat(chunks).toString('latin1');
  const ids = [...text.matchAll(/^x-request-id: pipelined-(\d+)\r$/gim)].map((match) => Number(match[1]));
  const inOrder = ids.every((id, index) => id === index);
  const { status } = readAnswers(text);
  return [
    ...(inOrder && ids.length > 0 ? [] : [`${ids.length} answers, not in order`]),
    ...([200, 429].includes(status) ? [] : [`status ${status}`]),
  ];
}

/** Clients that reset the connection as soon as an answer begins. */
async function resets(place: LoadPlace, sockets: number): Promise<string[]> {
  for (let done = 0; done < sockets; done += 50) {
    const batch = Array.from({ length: Math.min(50, sockets - done) }, () => {
      const socket = open(place);
      socket.write(`GET ${place.path} HTTP/1.1\r\nHost: ${hostOf(place)}\r\n${place.headers}\r\n`);
      socket.once('data', () => socket.resetAndDestroy());
      return new Promise((resolve) => socket.on('close', resolve));
    });
    await Promise.all(batch);
  }
  return [];
}
