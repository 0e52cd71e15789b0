import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { envoyExpected } from '../envoy-expected.ts';
import { groups } from './cases/index.ts';
import { prepared, type Case, type Expected, type ExpectedRequest } from './case.ts';
import type { Seen, Target } from './targets/target.ts';
import { exchange, type Answer, type Message } from './wire.ts';

/** Runs every case against a target and prints how many there were in each group. */
export function runConformance(name: Target['name'], start: () => Promise<Target>): void {
  let target: Target;
  beforeAll(async () => void (target = await start()));
  afterAll(async () => {
    const counts = groups.map((group) => `${group.name} ${group.cases.length}`);
    const total = groups.reduce((sum, { cases }) => sum + cases.length, 0);
    process.stdout.write(`conformance ${name}: ${counts.join(' · ')} = ${total}\n`);
    await target[Symbol.asyncDispose]();
  });
  for (const group of groups) {
    describe(`${group.name}`, () => {
      test.each(group.cases.map((one) => [one.name, one] as const))('%s', (_, one) =>
        expectCase(one, group.name, target),
      );
    });
  }
}

async function expectCase(one: Case, group: string, target: Target): Promise<void> {
  const isAble = one.needs === undefined || target.capabilities.has(one.needs);
  if (!isAble && one.without === undefined) throw new Error(`nothing is said of targets without ${one.needs}`);
  const send = isAble ? one.send : (one.without?.send ?? one.send);
  const marker = randomUUID();
  const message = marked(await prepared(send, target.issuer), marker);
  for (let time = 0; time < (one.before ?? 0); time++) {
    const { status, raw } = await exchange(target.port, message);
    expect(status, raw.toString()).toBe(200);
  }
  const seenBefore = target.seen.length;
  const answer = await exchange(target.port, message);
  // A request that was given up may reach its service late.
  const seen = () =>
    target.seen
      .slice(seenBefore)
      .filter(({ headers }) => headers[markerName] === ('bytes' in message ? undefined : marker));
  const other = target.name === 'envoy' ? envoyExpected[`${group}: ${one.name}`] : undefined;
  const expected = isAble ? { ...one.expect, ...other } : one.without!;
  expectAnswer(answer, expected);
  if (expected.seen !== undefined) await expectRequests(seen, expected.seen);
  await one.check?.(answer, { target, seen: seen(), isAble, message });
}

function expectAnswer(answer: Answer, expected: Expected): void {
  expect(answer.status, answer.raw.toString()).toBe(expected.status);
  expectHeaders(answer.headers, expected.headers ?? {});
  if (expected.code !== undefined) {
    const { error } = JSON.parse(answer.body) as { error: { code: string } };
    expect(error.code).toBe(expected.code);
  }
  if (expected.body !== undefined) expect(JSON.parse(answer.body)).toMatchObject(expected.body);
}

async function expectRequests(seen: () => readonly Seen[], wanted: ExpectedRequest | null): Promise<void> {
  const { times, headers, ...expected } = wanted ?? { times: 0 };
  await expect.poll(() => seen().length).toBe(times ?? 1);
  for (const request of seen()) {
    // Its body may still be on its way.
    await expect.poll(() => request).toMatchObject(expected);
    expectHeaders(request.headers, headers ?? {});
  }
}

function expectHeaders(found: Seen['headers'], expected: NonNullable<Expected['headers']>): void {
  for (const [name, value] of Object.entries(expected)) {
    if (value === null) expect(found[name], name).toBeUndefined();
    else if (typeof value === 'string') expect(found[name], name).toBe(value);
    else expect(found[name], name).toMatch(value);
  }
}

const markerName = 'x-case';

function marked(message: Message, marker: string): Message {
  if ('bytes' in message) return message;
  const headers = message.headers ?? {};
  const list = Array.isArray(headers) ? (headers as [string, string][]) : Object.entries(headers);
  return { ...message, headers: [...list, [markerName, marker]] };
}
