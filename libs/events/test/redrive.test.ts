import { platformTenantId } from '@idp/contracts';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defineConsumer, RetryLater, type ConsumedEvent, type EventRuntime, type Ordering } from '../src/index.ts';
import { connect, type ProbeTables } from './bench-database.ts';
import { listEffects, newTenant, openProbe, recordEffect, run, versionsOf, type Probe, type Running } from './probe.ts';
import { countRows, entityRecord, inject, listDeadLetters, type RecordInput } from './records.ts';
import { until } from './until.ts';

const name = 'reader.probe';
const acting = { actor: 'user:operator', signal: new AbortController().signal };
let probe: Probe;
let tenantId: string;
let handle: (event: ConsumedEvent<'idp.catalog.v1.EntityUpdated'>) => void | Promise<void>;

beforeAll(async () => {
  probe = await openProbe(name);
});
beforeEach(async () => {
  await probe.reset();
  tenantId = newTenant();
  handle = () => undefined;
});
afterAll(() => probe[Symbol.asyncDispose]());

function start(ordering: Ordering, { clear = false, gapMs = 50 } = {}): Promise<Running> {
  const consumer = defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
    name,
    types: ['idp.catalog.v1.EntityUpdated'],
    ordering,
    timeoutMs: 300,
    ...(clear && { clear: async () => undefined }),
    async handle(tx, event) {
      await recordEffect(tx, name, event);
      await handle(event);
    },
  });
  return run(probe, { consumers: [consumer], timing: { gapMs } });
}

/** Events of aggregate `a` past the outbox, in this order. */
async function send(running: Running, ...inputs: (number | Partial<RecordInput>)[]): Promise<void> {
  for (const input of inputs) {
    const more = typeof input === 'number' ? { version: input } : input;
    await inject(probe, [entityRecord({ tenantId, aggregateId: 'a', ...more })]);
    await running.drain();
  }
}

async function onlyLetter(code?: string): Promise<{ id: string; tenant_id: string }> {
  const found = async () => (await listDeadLetters(probe.address)).filter(({ error_code: is }) => is === (code ?? is));
  await until(async () => (await found()).length === 1, `one dead letter ${code}`);
  return (await found())[0]!;
}

const effects = async () => versionsOf(await listEffects(probe, tenantId, name), 'a');

const redrive = ({ deadLetters }: EventRuntime, letter: { id: string; tenant_id: string }) =>
  deadLetters.redriveOne(letter.tenant_id, letter.id, acting);

const discard = ({ deadLetters }: EventRuntime, letter: { id: string; tenant_id: string }) =>
  probe.reader.database
    .tenant(letter.tenant_id)
    .write((tx) => deadLetters.discard(tx as never, letter.id, { actor: 'user:operator', reason: 'a test' }));

describe('a missing version', () => {
  it('is accepted by whoever redrives the event after it', async () => {
    await using running = await start('key');
    await send(running, 1, 3, 4);
    const letter = await onlyLetter('SEQUENCE_GAP');
    expect(await redrive(running.consuming, letter)).toEqual({ outcome: 'applied' });
    await running.drain();
    expect(await effects()).toEqual([1, 3, 4]);
    // What comes too late is nobody's turn any more.
    await send(running, 2);
    expect(await effects()).toEqual([1, 3, 4]);
  });

  it('is stepped over with the event after it by a discard', async () => {
    await using running = await start('key');
    await send(running, 1, 3, 4);
    await discard(running.consuming, await onlyLetter('SEQUENCE_GAP'));
    await running.drain();
    expect(await effects()).toEqual([1, 4]);
  });

  it('that arrives after all is applied before the event that waited in vain', async () => {
    await using running = await start('key');
    await send(running, 1, 3);
    const letter = await onlyLetter('SEQUENCE_GAP');
    await send(running, 2);
    expect(await effects()).toEqual([1, 2]);
    await redrive(running.consuming, letter);
    expect(await effects()).toEqual([1, 2, 3]);
  });

  it('that arrived and waits itself holds up redrive and discard', async () => {
    await using running = await start('key');
    await send(running, 1, 3);
    const letter = await onlyLetter('SEQUENCE_GAP');
    handle = () => {
      throw new RetryLater(3_600_000);
    };
    await send(running, 2);
    const error = { code: 'WAITS', message: 'an earlier event of its key waits' };
    expect(await redrive(running.consuming, letter)).toEqual({ outcome: 'failed', error });
    await expect(discard(running.consuming, letter)).rejects.toMatchObject({ code: 'CONFLICT' });
    // The letter goes on saying what its own fault was.
    await onlyLetter('SEQUENCE_GAP');
  });

  it('does not matter to a read model once a snapshot came', async () => {
    await using running = await start('key', { clear: true });
    await send(running, 1, 3, 4);
    const letter = await onlyLetter('SEQUENCE_GAP');
    await send(running, { version: 7, headers: { ce_snapshot: 'true' } }, 8);
    await running.drain();
    expect(await effects()).toEqual([1, 7, 8]);
    expect(await countRows(probe.address, 'reader.parked_events')).toBe(0);
    expect(await redrive(running.consuming, letter)).toEqual({ outcome: 'applied' });
    expect(await effects()).toEqual([1, 7, 8]);
  });
});

describe('a redrive fails and leaves no effect, and the letter is open as before,', () => {
  it.each<[string, Partial<RecordInput>, string]>([
    ['of bytes that are no message', { value: Buffer.from([0xff, 0xff, 0xff]) }, 'DECODE_FAILED'],
    ['of an envelope without id', { headers: { ce_id: undefined } }, 'ENVELOPE_INVALID'],
    ['of a record that names two tenants', { payloadTenantId: platformTenantId }, 'TENANT_MISMATCH'],
  ])('%s', async (_name, input, code) => {
    await using running = await start('none');
    await send(running, { version: 1, ...input });
    const letter = await onlyLetter(code);
    expect(await redrive(running.consuming, letter)).toMatchObject({ outcome: 'failed', error: { code } });
    expect((await listDeadLetters(probe.address))[0]).toMatchObject({ id: letter.id, error_code: code, attempts: 2 });
    expect(await effects()).toEqual([]);
  });

  it('of a value of which only the beginning was kept', async () => {
    await using running = await start('none');
    await send(running, { version: 1, value: Buffer.alloc(2 * 1024 * 1024, 0xff) });
    const letter = await onlyLetter('DECODE_FAILED');
    expect(await redrive(running.consuming, letter)).toMatchObject({ error: { code: 'PAYLOAD_TRUNCATED' } });
    await onlyLetter('DECODE_FAILED');
  });

  it('of a handler that goes past its time', async () => {
    await using running = await start('none');
    handle = () => {
      throw new Error('no');
    };
    await send(running, 1);
    const letter = await onlyLetter();
    let goOn: (() => void) | undefined;
    handle = () => new Promise<void>((resolve) => (goOn = resolve));
    expect(await redrive(running.consuming, letter)).toMatchObject({ error: { code: 'HANDLER_TIMEOUT' } });
    goOn?.();
    expect(await effects()).toEqual([]);
    handle = () => undefined;
    expect(await redrive(running.consuming, letter)).toEqual({ outcome: 'applied' });
    expect(await effects()).toEqual([1]);
  });

  it('of a consumer that this release does not have', async () => {
    await using running = await start('none');
    handle = () => {
      throw new Error('no');
    };
    await send(running, 1);
    const letter = await onlyLetter();
    await using client = await connect(probe.address.adminUrl);
    await client.query(`update reader.dead_letters set consumer = 'reader.gone'`);
    expect(await redrive(running.consuming, letter)).toMatchObject({ error: { code: 'CONSUMER_GONE' } });
  });
});

it('what killed a process is redriven in bulk only where exactly that is asked for', async () => {
  await using running = await start('none');
  handle = () => {
    throw new Error('no');
  };
  await send(running, 1);
  await using client = await connect(probe.address.adminUrl);
  await client.query(`update reader.dead_letters set error_code = 'CRASHES_CONSUMER'`);
  const { deadLetters } = running.consuming;
  const count = (filter: object) => deadLetters.count({ filter, tenantId }).then(({ matched }) => matched);
  expect([await count({}), await count({ consumer: name }), await count({ errorCode: 'CRASHES_CONSUMER' })]).toEqual([
    0, 0, 1,
  ]);
});

it('a redrive hands over the event under the id it came with, and its place in the inbox says that it was applied', async () => {
  await using running = await start('none');
  handle = () => {
    throw new Error('no');
  };
  await send(running, 1);
  const letter = await onlyLetter();
  let seen: ConsumedEvent | undefined;
  handle = (event) => void (seen = event);
  await redrive(running.consuming, letter);
  const [row] = await listDeadLetters(probe.address);
  expect(seen?.id).toBe(row?.event_id);
  const { rows } = await probe.reader.database
    .tenant(tenantId)
    .read((tx) => sql`select outcome from inbox where event_id = ${row?.event_id}`.execute(tx.db));
  expect(rows).toEqual([{ outcome: 'applied' }]);
});
