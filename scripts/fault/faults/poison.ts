import { randomBytes, randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { newId, platformTenantId } from '@idp/contracts';
import { deadlyAmount, refusedAmount } from '../ledger/trouble.ts';
import { listLetters, redriveOnce, transferOf, untilLetters, type Letter } from '../stack/operator.ts';
import { append, type RawRecord } from '../stack/records.ts';
import type { Stack } from '../stack/stack.ts';
import { aroundFault, type Fault, type FaultContext } from './fault.ts';

const place = { topic: 'idp.ledger.transfer.v1', service: 'ledger' };
const partitions = 12;
/** A topic of Kafka takes 1 MiB with all that is around; the bus takes everything. */
const largeBytes = { kafka: 1_000_000, postgres: 10_000_000 };

interface Bad {
  /** What becomes of it with every consumer. */
  code: string;
  record: RawRecord;
}

/** Records that nobody of the product would write, each on a partition of its own. */
function badRecords({ tenants, transport }: Stack): Bad[] {
  const [one, other] = [tenants[0]!.id, tenants[1]!.id];
  const record = (tenant: string, more: Partial<RawRecord> = {}, headers: Record<string, string> = {}): RawRecord => ({
    part: 0,
    key: Buffer.from(`${tenant}:${newId()}`),
    value: randomBytes(100),
    ...more,
    headers: {
      ce_specversion: '1.0',
      ce_id: newId(),
      ce_type: 'idp.ledger.v1.TransferPosted',
      ce_source: '/idp/ledger',
      ce_tenantid: tenant,
      ce_sequence: '1',
      ce_time: new Date().toISOString(),
      ...headers,
    },
  });
  const undecodable = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]);
  const bad: Bad[] = [
    { code: 'DECODE_FAILED', record: record(one, { value: undecodable }) },
    { code: 'DECODE_FAILED', record: record(other, { value: Buffer.alloc(largeBytes[transport], 0xff) }) },
    { code: 'TENANT_MISMATCH', record: record(one, {}, { ce_tenantid: other }) },
    { code: 'ENVELOPE_INVALID', record: record(one, {}, { ce_id: "'; drop table inbox; --" }) },
    { code: 'ENVELOPE_INVALID', record: { ...record(one), headers: {} } },
  ];
  return bad.map((each, index) => ({ ...each, record: { ...each.record, part: index % partitions } }));
}

/** Undecodable ones stay broken: running them again fails and leaves the letter open. */
async function tryAgain({ stack, claim }: FaultContext, letters: readonly Letter[]): Promise<void> {
  const own = letters.filter(({ tenant_id }) => tenant_id !== platformTenantId);
  for (const letter of own) {
    const answer = await redriveOnce(stack, letter, 'ledger-2');
    const failed = answer?.status === 200 && answer.body.includes('"failed"');
    claim(failed, `a letter that is still broken was answered ${answer?.status} ${answer?.body}`);
  }
  const open = (await listLetters(stack)).filter(
    ({ id, status }) => own.some((each) => each.id === id) && status === 'open',
  );
  claim(open.length === own.length, `${own.length - open.length} broken letters were closed`);
}

async function withTrouble(stack: Stack, fn: () => Promise<void>): Promise<void> {
  writeFileSync(stack.troubleFile, randomUUID());
  await fn().finally(() => rmSync(stack.troubleFile, { force: true }));
}

function openLetter(letters: readonly Letter[], code: string, but: ReadonlySet<string>): Letter | undefined {
  return letters.find(
    ({ id, consumer, error_code, status }) =>
      consumer === 'ledger.credits' && error_code === code && status === 'open' && !but.has(id),
  );
}

async function applied({ claim }: FaultContext, letter: Letter, stack: Stack): Promise<void> {
  const answer = await redriveOnce(stack, letter, 'ledger-1');
  const good = answer?.status === 200 && answer.body.includes('"applied"');
  claim(good, `the repaired letter was answered ${answer?.status} ${answer?.body}`);
}

/** Starts again whatever has died, as a supervisor does. Answers how often that was until `done`. */
async function supervise(stack: Stack, done: AbortSignal): Promise<number> {
  let deaths = 0;
  const ledgers = stack.processes.filter(({ name }) => name.startsWith('ledger'));
  while (!done.aborted) {
    await Promise.all(
      ledgers.map(async (ledger) => {
        if (ledger.pid !== undefined) return;
        deaths += 1;
        // It may die of the same again before anybody saw it ready.
        await ledger.start().catch((error: Error) => {
          if (!error.message.includes('ended while it started')) throw error;
        });
      }),
    );
    await delay(100);
  }
  while (ledgers.some(({ pid }) => pid === undefined)) {
    for (const ledger of ledgers) if (ledger.pid === undefined) await ledger.start();
  }
  return deaths;
}

/** Records that no consumer can bear, and what operators do about them. */
export const poisons: Fault[] = [
  {
    name: 'poison-records',
    description:
      'bytes that are no message, as large as the topic takes, another tenant, no envelope; run again while broken',
    mayFail: [],
    lasts: (times) => aroundFault(times) + 4_000,
    async strike(context) {
      const { stack, claim, note } = context;
      const known = new Set((await listLetters(stack)).map(({ id }) => id));
      const bad = badRecords(stack);
      await append(
        stack,
        place,
        bad.map(({ record }) => record),
      );
      // Two consumers read the topic.
      const expected = bad.length * 2;
      const letters = await untilLetters(stack, `${expected} dead letters`, (all) => {
        const fresh = all.filter(({ id }) => !known.has(id));
        return fresh.length >= expected ? fresh : undefined;
      });
      for (const { event_id } of letters) stack.planted.add(event_id);
      const codes = (all: readonly string[]): string => all.toSorted().join(' ');
      const wanted = codes(bad.flatMap(({ code }) => [code, code]));
      const found = codes(letters.map(({ error_code }) => error_code));
      claim(found === wanted, `dead letters ${found} instead of ${wanted}`);
      await tryAgain(context, letters);
      note('letters', letters.length);
    },
  },
  {
    name: 'poison-kills',
    description:
      'an event kills every process that handles it, until it is set aside; after the repair it is run again',
    mayFail: ['ledger-1', 'ledger-2'],
    lasts: (times) => aroundFault(times) + 75_000,
    async strike(context) {
      const { stack, history, note, claim } = context;
      const known = new Set((await listLetters(stack)).map(({ id }) => id));
      let letter: Letter | undefined;
      await withTrouble(stack, async () => {
        await transferOf(stack, history, deadlyAmount);
        const done = new AbortController();
        const supervised = supervise(stack, done.signal);
        letter = await untilLetters(stack, 'a letter of the deadly event', (all) =>
          openLetter(all, 'CRASHES_CONSUMER', known),
        ).finally(() => done.abort());
        const deaths = await supervised;
        note('deaths', deaths);
        claim(deaths >= 3, `set aside after ${deaths} deaths`);
      });
      await applied(context, letter!, stack);
    },
  },
  {
    name: 'failpoint-redrive-beforecommit',
    description:
      'ledger-1 dies at redrive.beforeCommit, before a repaired event is applied; run again it is applied once',
    mayFail: ['ledger-1'],
    lasts: (times) => aroundFault(times) + 18_000,
    async strike(context) {
      const { stack, history, claim, note } = context;
      const known = new Set((await listLetters(stack)).map(({ id }) => id));
      const ledger = stack.process('ledger-1');
      let letter: Letter | undefined;
      await withTrouble(stack, async () => {
        await transferOf(stack, history, refusedAmount);
        letter = await untilLetters(stack, 'a letter of the refused event', (all) =>
          all.find(({ id, consumer, status }) => consumer === 'ledger.credits' && status === 'open' && !known.has(id)),
        );
      });
      await ledger.stop();
      await ledger.start({ FAILPOINT: 'redrive.beforeCommit:1' });
      claim((await redriveOnce(stack, letter!, 'ledger-1')) === undefined, 'the dying process answered');
      if (!(await ledger.ended(60_000))) throw new Error('redrive.beforeCommit was not reached');
      const left = (await listLetters(stack)).find(({ id }) => id === letter!.id);
      claim(left?.status === 'open', `the letter is ${left?.status} although its effect was undone`);
      note('startToReadyMs', await ledger.start());
      await applied(context, letter!, stack);
    },
  },
];
