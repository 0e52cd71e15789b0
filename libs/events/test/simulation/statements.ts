import type { SimulatedTransaction, StatementModel as Model, World } from '@idp/testing';

type StatementModel = Omit<Model, 'run'> & {
  // What a statement is given is known from its text alone.
  // oxlint-disable-next-line typescript/no-explicit-any
  run: (tx: SimulatedTransaction, parameters: any, text: string) => ReturnType<Model['run']>;
};

/** The statements of relay and consumers on tables in memory, each as its SQL says. */
export function statementModels(world: World, mutant: { inboxOutside?: (key: string) => void } = {}): StatementModel[] {
  return [...outboxModels(world), ...inboxModels(mutant), ...keyModels(world), ...parkedModels(world)];
}

function outboxModels(world: World): StatementModel[] {
  return [
    {
      has: 'from outbox_shards s',
      run(tx, [held, limit]: [string[], number]) {
        const waiting = tx.rows('outbox').filter(([, row]) => !held.includes(row['topic'] as string));
        const shards = [...new Set(waiting.map(([, row]) => row['shard'] as number))];
        const start = Math.floor(world.random() * shards.length);
        const inOrder = [...shards.slice(start), ...shards.slice(0, start)];
        const locked: { shard: number }[] = [];
        for (const shard of inOrder) if (locked.length < limit && tx.tryLock(`shard ${shard}`)) locked.push({ shard });
        return locked;
      },
    },
    {
      has: 'select seq, shard, topic, key, headers, payload from outbox',
      run(tx, [shards, held, limitEach]: [number[], string[], number]) {
        const rows = tx.rows('outbox').map(([, row]) => row);
        const bySeq = (a: Record<string, unknown>, b: Record<string, unknown>) => Number(a['seq']) - Number(b['seq']);
        const oldest = (shard: number) =>
          rows
            .filter((row) => row['shard'] === shard && !held.includes(row['topic'] as string))
            .toSorted(bySeq)
            .slice(0, limitEach);
        return shards.flatMap(oldest).toSorted(bySeq);
      },
    },
    {
      has: 'delete from outbox where seq = any',
      run(tx, [seqs]: [number[]]) {
        for (const seq of seqs) tx.delete('outbox', String(seq));
        return [];
      },
    },
  ];
}

const inboxKey = (consumer: string, id: string): string => `${consumer} ${id}`;

function inboxModels({ inboxOutside }: { inboxOutside?: (key: string) => void }): StatementModel[] {
  return [
    {
      has: 'insert into inbox',
      async run(tx, [consumer, ids]: [string, string[]]) {
        const fresh: { event_id: string }[] = [];
        for (const id of ids.toSorted()) {
          const key = inboxKey(consumer, id);
          await tx.lock(`inbox ${key}`);
          if (tx.get('inbox', key) !== undefined) continue;
          if (inboxOutside === undefined) tx.put('inbox', key, { outcome: 'applied' });
          else inboxOutside(key);
          fresh.push({ event_id: id });
        }
        return fresh;
      },
    },
    {
      has: 'update inbox set outcome',
      run(tx, [outcome, , consumer, ids]: [string, string, string, string[]]) {
        for (const id of ids) tx.put('inbox', inboxKey(consumer, id), { outcome });
        return [];
      },
    },
  ];
}

function keyModels(world: World): StatementModel[] {
  return [
    {
      has: 'select key, sequence from stream_cursors',
      async run(tx, [, , keys]: [string, string, string[]]) {
        const found = [];
        for (const key of keys.toSorted()) {
          if (tx.get('cursors', key) === undefined) continue;
          await tx.lock(`cursor ${key}`);
          found.push({ key, sequence: tx.get('cursors', key)!['sequence'] });
        }
        return found;
      },
    },
    {
      has: 'insert into stream_cursors',
      async run(tx, [, keys, sequences]: [string, string[], number[]]) {
        for (const [at, key] of keys.entries()) {
          await tx.lock(`cursor ${key}`);
          const before = tx.get('cursors', key)?.['sequence'];
          const sequence = sequences[at]!;
          if (before === undefined || Number(before) < sequence) tx.put('cursors', key, { sequence });
        }
        return [];
      },
    },
    {
      has: 'min(coalesce(sequence, 0)) as sequence from parked_events',
      run: (tx, [, , keys]: [string, string, string[]]) =>
        keys.flatMap((key) => {
          const versions = parkedOf(tx, key).map((row) => row.sequence ?? 0);
          return versions.length === 0 ? [] : [{ key, sequence: Math.min(...versions) }];
        }),
    },
    // Nothing here fails for good: there are no dead letters.
    { has: 'from dead_letters d', run: () => [] },
    {
      has: 'update parked_events p set next_at = now()\n    from unnest',
      run(tx, [keys]: [string[]]) {
        for (const key of keys) {
          const [head] = parkedOf(tx, key);
          if (head !== undefined && ['WAITS', 'GAP'].includes(head.last_code))
            save(tx, { ...head, next_at: world.now() });
        }
        return [];
      },
    },
  ];
}

interface Parked {
  tenant_id: string;
  consumer: string;
  key: string;
  event_id: string;
  sequence: number | null;
  topic: string;
  part: number;
  offset: number;
  headers: string;
  payload: Buffer | null;
  attempts: number;
  last_code: string;
  waited_ms: number;
  next_at: number;
}

const allParked = (tx: SimulatedTransaction): Parked[] =>
  tx
    .rows('parked')
    .map(([, row]) => row as unknown as Parked)
    .toSorted((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0));
const parkedOf = (tx: SimulatedTransaction, key: string): Parked[] => allParked(tx).filter((row) => row.key === key);
const save = (tx: SimulatedTransaction, row: Parked): void => tx.put('parked', row.event_id, { ...row });

function parkedModels(world: World): StatementModel[] {
  const due = (text: string, delayMs: number | undefined): number =>
    text.includes(`'infinity'`) ? Infinity : world.now() + Number(delayMs);
  return [
    {
      has: 'insert into parked_events',
      async run(tx, parameters, text) {
        const [consumer, key, event_id, sequence, topic, part, offset, headers, payload, ...rest] = parameters;
        await tx.lock(`parked ${event_id}`);
        if (tx.get('parked', event_id) !== undefined) return [];
        const [code, delayMs] = rest.length === 3 ? [rest[1], rest[0]] : [rest[0], undefined];
        const place = { consumer, key, event_id, sequence, topic, part, offset, headers, payload };
        const row = { ...place, tenant_id: String(key).split(':')[0]!, attempts: 0, last_code: code!, waited_ms: 0 };
        save(tx, { ...row, next_at: due(text, delayMs) });
        return [];
      },
    },
    {
      has: 'with due as',
      run(tx, [, , limit, claimMs]: [string[], string[], number, number]) {
        const heads = allParked(tx).filter(
          (row) => row.next_at <= world.now() && parkedOf(tx, row.key)[0]!.event_id === row.event_id,
        );
        const taken = heads.filter((row) => tx.tryLock(`parked ${row.event_id}`)).slice(0, limit);
        return taken.map((row) => {
          const claimed = { ...row, attempts: row.attempts + 1, next_at: world.now() + claimMs };
          save(tx, claimed);
          return { ...claimed };
        });
      },
    },
    {
      has: 'and attempts = ',
      async run(tx, [, , , id, attempts]: [string, string, string, string, number]) {
        await tx.lock(`parked ${id}`);
        const row = tx.get('parked', id);
        return row?.['attempts'] === attempts ? [row] : [];
      },
    },
    {
      has: 'delete from parked_events',
      run(tx, [, , , id]: [string, string, string, string]) {
        tx.delete('parked', id);
        return [];
      },
    },
    {
      has: 'update parked_events set next_at',
      run(tx, parameters: readonly unknown[], text) {
        const delayMs = text.includes(`'infinity'`) ? undefined : (parameters[0] as number);
        const [code, , , , , id] = parameters.slice(delayMs === undefined ? 0 : 1) as string[];
        const row = tx.get('parked', id!) as unknown as Parked;
        save(tx, { ...row, last_code: code!, next_at: due(text, delayMs) });
        return [];
      },
    },
  ];
}
