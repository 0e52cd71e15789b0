import { lossesMax } from '../../src/state/step-after.ts';
import type { SimulatedTransaction, StatementModel as Model, World } from '@idp/testing';

type StatementModel = Omit<Model, 'run'> & {
  // What a statement is given is known from its text alone.
  // oxlint-disable-next-line typescript/no-explicit-any
  run: (tx: SimulatedTransaction, parameters: any, text: string) => ReturnType<Model['run']>;
};

export interface JobRow {
  tenantId: string;
  id: string;
  queue: string;
  state: 'ready' | 'scheduled' | 'running' | 'dead';
  fence: number;
  attempts: number;
  crashes: number;
  losses: number;
  lostFences: number[];
  /** Why it is dead. */
  reason?: string;
  begun: boolean;
  owner: string;
  suspect: boolean;
  runAt: number;
  leaseUntil: number;
}

const jobsOf = (tx: SimulatedTransaction): JobRow[] => tx.rows('jobs').map(([, row]) => row as unknown as JobRow);
const find = (tx: SimulatedTransaction, id: string): JobRow | undefined => tx.get('jobs', id) as unknown as JobRow;
const save = (tx: SimulatedTransaction, row: JobRow): void => tx.put('jobs', row.id, { ...row });

/**
 * The statements of claim, lease, end and reaper on one table in memory. `unfenced`: a run ends its job by its id, as naive queues do,
 * and nobody asks whether it still was its own.
 */
export function statementModels(world: World, { unfenced = false } = {}): StatementModel[] {
  const owned = (tx: SimulatedTransaction, [, id, fence]: [string, string, number]): JobRow | undefined => {
    const row = find(tx, id);
    return row?.state === 'running' && (unfenced || row.fence === fence) ? row : undefined;
  };
  return [...takingModels(world), ...endingModels(world, owned, unfenced), ...reapingModels(world)];
}

function takingModels(world: World): StatementModel[] {
  return [
    {
      has: 'with recursive wanted as',
      run(tx, parameters: unknown[]) {
        const [[queue], [limit], , [leaseSeconds]] = parameters as [string[], number[], string[], number[]];
        const owner = parameters[7] as string;
        const ready = jobsOf(tx).filter((row) => row.queue === queue && row.state === 'ready');
        const taken = ready.filter((row) => tx.tryLock(`job ${row.id}`)).slice(0, limit);
        if (taken.length === 0) return [{ wish: queue, walked: null, no: null, id: null }];
        return taken.map((row) => {
          const leaseUntil = world.now() + leaseSeconds! * 1_000;
          const claimed: JobRow = {
            ...row,
            state: 'running',
            fence: row.fence + 1,
            begun: !row.suspect,
            owner,
            leaseUntil,
          };
          save(tx, claimed);
          const rest = { serialKey: null, payload: {}, origin: null, cancelled: false, waitedSeconds: 0 };
          return { ...claimed, ...rest, wish: queue, walked: null, no: 1 };
        });
      },
    },
    {
      has: 'set begun = true',
      async run(tx, [tenantId, id, fence]: [string, string, number]) {
        await tx.lock(`job ${id}`);
        const row = find(tx, id);
        if (row?.state !== 'running' || row.fence !== fence) return [];
        save(tx, { ...row, begun: true });
        return [{ id, tenantId }];
      },
    },
    {
      has: 'with held as',
      run: (tx, [, ids, fences, seconds]: [string[], string[], number[], number[]]) =>
        ids.flatMap((id, at) => {
          const row = find(tx, id);
          if (row?.state !== 'running' || row.fence !== fences[at] || !tx.tryLock(`job ${id}`)) return [];
          save(tx, { ...row, leaseUntil: world.now() + seconds[at]! * 1_000 });
          return [{ id, cancelled: false }];
        }),
    },
  ];
}

type Owned = (tx: SimulatedTransaction, key: [string, string, number]) => JobRow | undefined;

function endingModels(world: World, owned: Owned, unfenced: boolean): StatementModel[] {
  const gone = { attempts: 0, crashes: 0, begun: true };
  const keyOf = (parameters: unknown[]): [string, string, number] => parameters.slice(-3) as [string, string, number];
  const idle = { begun: false, leaseUntil: 0 };
  return [
    {
      has: 'select attempts, crashes',
      async run(tx, key: [string, string, number]) {
        await tx.lock(`job ${key[1]}`);
        const row = unfenced ? (find(tx, key[1]) ?? gone) : owned(tx, key);
        return row === undefined ? [] : [{ ...row, hasNext: false, cancelled: false }];
      },
    },
    {
      has: 'delete from jobs where',
      async run(tx, key: [string, string, number], text) {
        await tx.lock(`job ${key[1]}`);
        const row = owned(tx, key);
        if (row !== undefined) tx.delete('jobs', key[1]);
        else if (text.includes('1 / count(*)') && !unfenced) {
          throw Object.assign(new Error('division by zero'), { code: '22012' });
        }
        return [];
      },
    },
    {
      has: 'update jobs set state = case when',
      run(tx, parameters: unknown[], text) {
        const row = owned(tx, keyOf(parameters));
        if (row === undefined) return [];
        const [delayMs, , attempts, crashes, suspect, losses] = parameters as [
          number,
          number,
          number,
          number,
          boolean,
          number,
        ];
        const runAt = world.now() + delayMs;
        const state = delayMs > 0 ? 'scheduled' : 'ready';
        const lostFences = lostAfter(row, text, crashes);
        save(tx, {
          ...row,
          ...idle,
          state,
          runAt,
          attempts,
          crashes,
          suspect,
          losses,
          lostFences,
          fence: row.fence + 1,
        });
        return [];
      },
    },
    {
      has: "update jobs set state = 'dead'",
      run(tx, parameters: unknown[], text) {
        const row = owned(tx, keyOf(parameters));
        const [attempts, crashes, reason] = parameters as [number, number, string];
        if (row === undefined) return [];
        const lostFences = lostAfter(row, text, crashes);
        save(tx, { ...row, ...idle, state: 'dead', attempts, crashes, reason, lostFences, fence: row.fence + 1 });
        return [];
      },
    },
  ];
}

function lostAfter({ lostFences, fence }: JobRow, text: string, crashes: number): number[] {
  if (text.includes('lost_fences || fence')) return [...lostFences, fence];
  return crashes === 0 ? [] : lostFences;
}

function reapingModels(world: World): StatementModel[] {
  return [
    {
      has: 'lease_owner as "leaseOwner"',
      run: (tx, [graceMs]: [number]) =>
        jobsOf(tx)
          .filter((row) => row.state === 'running' && row.leaseUntil < world.now() - graceMs)
          .filter((row) => tx.tryLock(`job ${row.id}`))
          .map((row) => ({ ...row, serialKey: null, hasNext: false, cancelled: false, leaseOwner: 'simulated' })),
    },
    {
      has: 'with lost as',
      async run(tx, parameters: unknown[]) {
        const [fence, , , , , id] = parameters as [number, string, string, number, string, string];
        const blamed = parameters[7] as number;
        await tx.lock(`job ${id}`);
        const row = find(tx, id);
        if (row === undefined || !row.lostFences.includes(fence)) return [];
        const lostFences = row.lostFences.filter((lost) => lost !== fence);
        const crashes = Math.max(0, row.crashes - blamed);
        const suspect = row.suspect && lostFences.length > 0;
        const revived = row.state === 'dead' && row.reason === 'CRASHED_WORKER' && row.losses + 1 < lossesMax;
        const state = revived ? 'ready' : row.state;
        save(tx, { ...row, lostFences, crashes, suspect, state, losses: row.losses + 1 });
        return [{ queue: row.queue, serialKey: null, state }];
      },
    },
    {
      has: "where state = 'scheduled' and run_at <= now()",
      run(tx) {
        const due = jobsOf(tx).filter((row) => row.state === 'scheduled' && row.runAt <= world.now());
        const moved = due.filter((row) => tx.tryLock(`job ${row.id}`));
        for (const row of moved) save(tx, { ...row, state: 'ready' });
        return [{ n: moved.length }];
      },
    },
  ];
}
