import { newId } from '@idp/contracts';
import {
  createSimulatedDatabase,
  createWorld,
  type SimulatedDatabase,
  type SimulatedProcess,
  type SimulatedTransaction,
  type World,
} from '@idp/testing';
import type { TenantStatements } from '@idp/database';
import type { Scheduler } from 'fast-check';
import { RetryLater, type EventTransport, type OutgoingRecord, type StoredRecord } from '../../src/index.ts';
import type { ChunkEnvironment } from '../../src/consumer/chunk.ts';
import { claimParked } from '../../src/consumer/claim-parked.ts';
import type { GroupConsumer } from '../../src/consumer/define-consumer.ts';
import { openGroupReader } from '../../src/consumer/group-reader.ts';
import { StaleChunkError } from '../../src/consumer/failure.ts';
import { retryParked } from '../../src/consumer/retry-parked.ts';
import { partitionOf } from '../../src/envelope/murmur2.ts';
import { publish } from '../../src/index.ts';
import { runRelayRound, type RoundOutcome } from '../../src/outbox/relay-round.ts';
import { outboxShards } from '../../src/outbox/shards.ts';
import { createTopicHolds } from '../../src/outbox/topic-holds.ts';
import type { RecordChunk } from '../../src/transport/transport.ts';
import { watermarkRelay } from './mutants.ts';
import { statementModels } from './statements.ts';

/** A known wrong implementation. The simulation must find each. */
export type Mutant = 'inbox outside the transaction' | 'watermark relay' | 'no stale check';

const tenant = '0192a3b4-5c6d-7e8f-9a0b-00000000000a';
const topic = 'idp.catalog.entity.v1';
const aggregates = ['a', 'b', 'c'];
const parts = 2;
const name = 'reader.simulated';
const silent = { info() {}, warn() {}, error() {}, debug() {} } as never;

/** What one run came to: everything that must never happen, and how much chaos there was. */
export interface Report {
  faults: string[];
  crashes: number;
  duplicates: number;
  parked: number;
}

/**
 * Writers, two relays, a transport of two partitions and two consumers with their parked events: the real relay round, chunk, key
 * state and retry, on a database and a transport in memory. Every await of theirs is a step: the scheduler chooses who goes on, and
 * a process may die there. Then everything heals, and what the writers committed must have happened once and in order.
 */
export async function simulateEvents(scheduler: Scheduler, seed: number, mutant?: Mutant): Promise<Report> {
  const world = createWorld({ scheduler, seed, crashChance: 0.02 });
  const bus = createBus(world);
  const producing = createSimulatedDatabase(statementModels(world));
  const outside = (key: string): void => consuming.put('inbox', key, { outcome: 'applied' });
  const consuming = createSimulatedDatabase(
    statementModels(world, mutant === 'inbox outside the transaction' ? { inboxOutside: outside } : {}),
  );
  const committed = new Map<string, number>();
  const faults: string[] = [];
  const parked = { count: 0 };

  const writers = [0, 1, 2].map((no) => runWriter(world, producing, committed, `writer ${no}`));
  const relayOnce =
    mutant === 'watermark relay' ? watermarkRelay(producing, bus.publish) : relay(world, producing, bus.publish);
  const relays = [0, 1].map((no) => repeat(world, `relay ${no}`, 6, relayOnce));
  const consumers = [0, 1].map((no) => {
    const environment = createEnvironment(world, consuming, faults, parked);
    return repeat(world, `consumer ${no}`, 6, (process) =>
      consumeOnce({ world, bus, environment: environment(process), process, mutant, faults }),
    );
  });
  const retrying = createEnvironment(world, consuming, faults, parked);
  const retries = repeat(world, 'retry', 4, async (process) => {
    world.advance(1_000);
    await retryOnce(consuming, retrying(process), process);
  });

  const chaos = Promise.all([...writers, ...relays, ...consumers, retries]);
  await scheduler.waitFor(chaos);
  world.calm();
  await scheduler.waitFor(heal());
  check();
  return { faults, crashes: world.crashes, duplicates: bus.duplicates(), parked: parked.count };

  async function heal(): Promise<void> {
    bus.flush();
    await world.run('relay', async (process) => {
      while (['moved', 'more'].includes(await relayOnce(process)));
    });
    const environment = createEnvironment(world, consuming, faults, parked);
    await world.run('consumer', async (process) => {
      while (await consumeOnce({ world, bus, environment: environment(process), process, mutant, faults }));
    });
    await world.run('retry', async (process) => {
      for (let round = 0; round < 50 && consuming.rows('parked').length > 0; round++) {
        world.advance(100_000);
        await retryOnce(consuming, environment(process), process);
      }
    });
  }

  function check(): void {
    const effects = consuming.rows('effects').map(([, row]) => row as { key: string; version: number });
    const waiting = consuming.rows('parked').map(([, row]) => `${String(row['sequence'])} ${String(row['last_code'])}`);
    if (waiting.length > 0) faults.push(`still parked: ${waiting.join()}`);
    for (const aggregate of aggregates) {
      const expected = Array.from({ length: committed.get(aggregate) ?? 0 }, (_, at) => at + 1);
      const key = `${tenant}:${aggregate}`;
      const happened = effects.filter((effect) => effect.key === key).map(({ version }) => version);
      if (happened.join() !== expected.join())
        faults.push(`${aggregate}: [${happened}] instead of [${expected}], on the wire [${bus.versionsOf(key)}]`);
      const onWire = [...new Set(bus.versionsOf(key))];
      if (onWire.join() !== onWire.toSorted((a, b) => a - b).join()) faults.push(`${aggregate} on the wire: ${onWire}`);
    }
  }
}

/** A process that does one thing again and again, so often in all its lives together. */
function repeat(
  world: World,
  called: string,
  times: number,
  once: (process: SimulatedProcess) => Promise<unknown>,
): Promise<void> {
  let left = times;
  return world.run(called, async (process) => {
    while (left > 0) {
      left -= 1;
      await process.step('next');
      await once(process);
    }
  });
}

/** Changes aggregates as a service does: the row's lock gives version and sequence, some transactions roll back. */
async function runWriter(
  world: World,
  database: SimulatedDatabase,
  committed: Map<string, number>,
  called: string,
): Promise<void> {
  await repeat(world, called, 3, async (process) => {
    const aggregate = aggregates[Math.floor(world.random() * aggregates.length)]!;
    await database
      .transaction(process, async (tx) => {
        await process.step('change');
        await tx.lock(`aggregate ${aggregate}`);
        const version = Number(tx.get('aggregates', aggregate)?.['version'] ?? 0) + 1;
        tx.put('aggregates', aggregate, { version });
        await process.step('emit');
        emit(database, tx, aggregate, version);
        if (world.chance(0.2)) throw new Error('rolled back');
      })
      .catch(() => undefined);
    for (const [id, row] of database.rows('aggregates')) committed.set(id, Number(row['version']));
  });
  for (const [id, row] of database.rows('aggregates')) committed.set(id, Number(row['version']));
}

/** The real `publish`; the number of the row comes from a sequence, which no rollback takes back. */
function emit(database: SimulatedDatabase, tx: SimulatedTransaction, aggregate: string, version: number): void {
  const seq = Number(database.rows('sequence')[0]?.[1]['value'] ?? 0) + 1;
  database.put('sequence', 'outbox', { value: seq });
  publish(
    {
      service: 'catalog',
      tenantId: tenant,
      readOnly: false,
      beforeCommit: (_, row) => tx.put('outbox', String(seq), { ...row, seq }),
    },
    { type: 'idp.catalog.v1.EntityUpdated', aggregateId: aggregate, version, data: { uid: aggregate } },
  );
}

type Publish = (process: SimulatedProcess, records: readonly OutgoingRecord[]) => Promise<'ok' | 'retry'>;

function relay(world: World, database: SimulatedDatabase, send: Publish) {
  return (process: SimulatedProcess): Promise<RoundOutcome> => {
    const transport = {
      async publish(records: readonly OutgoingRecord[]) {
        const status = await send(process, records);
        return new Map([[topic, status === 'ok' ? { status } : { status, reason: 'simulated' }]]);
      },
    } as unknown as EventTransport;
    const metrics = { published: { inc() {} }, refused: { inc() {} }, publishSeconds: { observe() {} } };
    const holds = createTopicHolds({ now: () => Infinity, random: world.random });
    const door = { transaction: (fn: never) => database.transaction(process, fn) } as never;
    const round = { door, transport, holds, metrics, logger: silent, failpoints: () => undefined };
    return runRelayRound(round, 1 + Math.floor(world.random() * outboxShards), new AbortController().signal);
  };
}

/** A topic that keeps what it acknowledged, loses nothing, and takes old copies late, as brokers do. */
function createBus(world: World) {
  const logs: StoredRecord[][] = Array.from({ length: parts }, () => []);
  const offsets = Array.from({ length: parts }, () => 0);
  const generations = Array.from({ length: parts }, () => 0);
  const owners: (SimulatedProcess | undefined)[] = [];
  let late: OutgoingRecord[][] = [];

  function append(records: readonly OutgoingRecord[]): void {
    for (const record of records) {
      const part = partitionOf(record.key, parts);
      logs[part]!.push({ ...record, part, offset: logs[part]!.length });
    }
  }
  function flush(): void {
    const copies = late;
    late = [];
    for (const copy of copies) append(copy);
  }
  const publishAll: Publish = async (process, records) => {
    await process.step('send');
    if (world.chance(0.3)) flush();
    // No answer: nothing arrived, or all of it, or it arrives later beside what is sent again.
    const silence = world.chance(0.2);
    if (silence && world.chance(0.3)) late.push([...records]);
    else if (!silence || world.chance(0.5)) append(records);
    await process.step('answer');
    return silence ? 'retry' : 'ok';
  };
  return {
    logs,
    offsets,
    generations,
    owners,
    publish: publishAll,
    flush,
    versionsOf: (key: string) => logs.flat().flatMap((record) => (record.key === key ? [versionOf(record)] : [])),
    duplicates: () => {
      const ids = logs.flat().map((record) => record.headers['ce_id']);
      return ids.length - new Set(ids).size;
    },
  };
}

const versionOf = ({ headers }: StoredRecord): number => Number(headers['ce_sequence']);

/** The consumer's side of one process; a handler may fail in every way that is not for good. */
function createEnvironment(world: World, database: SimulatedDatabase, faults: string[], parked: { count: number }) {
  return (process: SimulatedProcess): SimulatedEnvironment => {
    let standing: Standing | undefined;
    const transactions = new WeakMap<object, SimulatedTransaction>();
    const consumer: GroupConsumer = {
      name,
      types: ['idp.catalog.v1.EntityUpdated'],
      ordering: 'key',
      async handle(tx, event) {
        await process.step('handle');
        if (world.chance(0.1)) throw new RetryLater(1);
        if (world.chance(0.1)) throw Object.assign(new Error('simulated'), { code: '40001' });
        const effect = { key: `${event.tenantId}:${event.aggregateId}`, version: event.version };
        transactions.get(tx)!.put('effects', newId(), effect);
        await process.step('handled');
      },
    };
    const chunk = <T>(fn: (doors: { ask: ChunkAsk; tenant: ChunkTenant }) => Promise<T>): Promise<T> =>
      database.transaction(process, async (tx) => {
        const value = await fn({
          ask: (requests) =>
            Promise.all(
              requests.map(({ statements }) => Promise.all(statements.map((statement) => tx.execute(statement)))),
            ),
          async tenant(tenantId, work) {
            const buffered: Parameters<SimulatedTransaction['execute']>[0][] = [];
            const consumerTx = { tenantId, db: tx.db, withCommit: (statement: never) => buffered.push(statement) };
            transactions.set(consumerTx, tx);
            const done = await work(consumerTx);
            for (const statement of buffered) await tx.execute(statement);
            return done;
          },
        });
        if (standing?.lost === true) faults.push('committed after the partition was known to be lost');
        return value;
      });
    const environment = {
      service: 'reader',
      database: { chunk },
      consumer,
      timing: {
        handlerMs: 60_000,
        chunkRetries: 1,
        retryMs: { first: 0, max: 0 },
        eventMs: 0,
        parkedMs: [10],
        parkedAttemptsMax: 1_000,
        gapMs: 1_000_000_000,
      },
      failpoints: () => undefined,
      metrics: { handled() {}, handlerTime: () => () => undefined, retries: { inc() {} } },
      logger: silent,
      random: world.random,
      progress: new Map(),
      onParked: () => void (parked.count += 1),
    };
    return Object.assign(environment as never as ChunkEnvironment, {
      stand: (chunkStanding: Standing | undefined) => void (standing = chunkStanding),
    });
  };
}

type ChunkAsk = (requests: readonly TenantStatements[]) => Promise<unknown[][][]>;
type ChunkTenant = <T>(tenantId: string, work: (tx: object) => Promise<T>) => Promise<T>;
type SimulatedEnvironment = ChunkEnvironment & { stand(standing: Standing | undefined): void };

/** What a process knows of its right to a partition. */
interface Standing {
  lost: boolean;
}

interface Consuming {
  world: World;
  bus: ReturnType<typeof createBus>;
  environment: SimulatedEnvironment;
  process: SimulatedProcess;
  mutant: Mutant | undefined;
  faults: string[];
}

/** Takes one chunk of one partition, if it may have it; others may take the partition away at any time. */
async function consumeOnce({ world, bus, environment, process, mutant }: Consuming): Promise<boolean> {
  const { owners, generations, offsets, logs } = bus;
  const first = Math.floor(world.random() * parts);
  const part = [first, (first + 1) % parts].find((each) => offsets[each]! < logs[each]!.length);
  if (part === undefined) return false;
  if (owners[part] !== process) {
    owners[part] = process;
    generations[part]! += 1;
  }
  const generation = generations[part]!;
  const records = logs[part]!.slice(offsets[part], offsets[part]! + 1 + Math.floor(world.random() * 4));
  const standing: Standing = { lost: false };
  environment.stand(standing);
  const chunk: RecordChunk = {
    topic,
    part,
    records,
    signal: new AbortController().signal,
    async heartbeat() {
      await process.step('heartbeat');
      standing.lost = generations[part] !== generation;
    },
    isStale: () => mutant !== 'no stale check' && standing.lost,
  };
  try {
    await handlerOf(environment).then((onChunk) => onChunk(chunk));
    await process.step('offset');
    if (generations[part] === generation) offsets[part]! += records.length;
  } catch (error) {
    if (!(error instanceof StaleChunkError)) throw error;
  } finally {
    environment.stand(undefined);
  }
  return true;
}

/** The reader's own way of dealing with a chunk, as it gives it to the transport. */
async function handlerOf(environment: ChunkEnvironment): Promise<(chunk: RecordChunk) => Promise<void>> {
  let onChunk: ((chunk: RecordChunk) => Promise<void>) | undefined;
  const transport = {
    subscribe: async (subscription: { onChunk: (chunk: RecordChunk) => Promise<void> }) => {
      onChunk = subscription.onChunk;
    },
  } as never as EventTransport;
  // Whether a message kills its process is asked elsewhere: here any step may.
  const crashes = { begin: async () => false, beforeAlone: async () => false, end: async () => undefined };
  await openGroupReader({ environment, transport, crashes, topics: [topic], paused: false });
  return onChunk!;
}

async function retryOnce(
  database: SimulatedDatabase,
  environment: SimulatedEnvironment,
  process: SimulatedProcess,
): Promise<void> {
  const request = { ordered: [name], unordered: [], limit: 5, claimMs: 500 };
  const claimed = await database.transaction(process, (tx) => claimParked(tx.db, request));
  for (const row of claimed) await retryParked(environment, row, new AbortController().signal);
}
