import {
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type RawBuilder,
} from 'kysely';
import type { SimulatedProcess } from './world.ts';

export type SimulatedRow = Record<string, unknown>;

/**
 * What a statement of the product does to the tables. `has` is a piece of its text that no other has. The real statement is tested on
 * a real server; here it is what happens between statements that is tested.
 */
export interface StatementModel {
  has: string;
  run(tx: SimulatedTransaction, parameters: readonly never[], text: string): Promise<SimulatedRow[]> | SimulatedRow[];
}

/** Read committed: every statement sees what was committed before it, and what its own transaction wrote. */
export interface SimulatedTransaction {
  /** For the product: statements written with `sql`. */
  readonly db: Kysely<never>;
  execute(statement: RawBuilder<unknown>): Promise<SimulatedRow[]>;
  get(table: string, key: string): SimulatedRow | undefined;
  rows(table: string): [key: string, row: SimulatedRow][];
  put(table: string, key: string, row: SimulatedRow): void;
  delete(table: string, key: string): void;
  /** Waits for whoever holds the lock. Throws SQLSTATE 40P01 where that would be for ever. */
  lock(name: string): Promise<void>;
  /** `skip locked`. */
  tryLock(name: string): boolean;
}

export interface SimulatedDatabase {
  /** As committed. */
  rows(table: string): [key: string, row: SimulatedRow][];
  /** Writes outside of any transaction. */
  put(table: string, key: string, row: SimulatedRow): void;
  /** BEGIN, `fn`, COMMIT, each its own step; ROLLBACK when `fn` throws or the process dies. */
  transaction<T>(process: SimulatedProcess, fn: (tx: SimulatedTransaction) => Promise<T>): Promise<T>;
}

interface Holder {
  waitsFor: Holder | undefined;
}

interface Lock {
  holder: Holder;
  freed: Promise<void>;
  free(): void;
}

export function createSimulatedDatabase(models: readonly StatementModel[]): SimulatedDatabase {
  const tables = new Map<string, Map<string, SimulatedRow>>();
  const locks = new Map<string, Lock>();
  const table = (name: string): Map<string, SimulatedRow> => {
    const known = tables.get(name) ?? new Map<string, SimulatedRow>();
    tables.set(name, known);
    return known;
  };

  function begin(process: SimulatedProcess) {
    const me: Holder = { waitsFor: undefined };
    const held = new Set<string>();
    const written = new Map<string, Map<string, SimulatedRow | undefined>>();
    let last: Promise<unknown> = Promise.resolve();
    let ended = false;

    const own = (name: string) => {
      const known = written.get(name) ?? new Map<string, SimulatedRow | undefined>();
      written.set(name, known);
      return known;
    };
    const tryLock = (name: string): boolean => {
      if (held.has(name)) return true;
      if (locks.has(name)) return false;
      const { promise: freed, resolve: free } = Promise.withResolvers<void>();
      locks.set(name, { holder: me, freed, free });
      held.add(name);
      return true;
    };
    const tx: SimulatedTransaction = {
      db: routed((query) => send(query)),
      execute: (statement) => send(statement.compile(tx.db)),
      get: (name, key) => (own(name).has(key) ? own(name).get(key) : table(name).get(key)),
      rows: (name) =>
        [...new Map([...table(name), ...own(name)])].filter((entry): entry is [string, SimulatedRow] => !!entry[1]),
      put: (name, key, row) => void own(name).set(key, row),
      delete: (name, key) => void own(name).set(key, undefined),
      tryLock,
      async lock(name) {
        while (!tryLock(name)) {
          const { holder, freed } = locks.get(name)!;
          for (let other: Holder | undefined = holder; other !== undefined; other = other.waitsFor) {
            if (other === me) throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
          }
          me.waitsFor = holder;
          await freed;
          me.waitsFor = undefined;
          // Its process died while it waited: nobody is there to take the lock.
          if (ended) await new Promise<never>(() => undefined);
        }
      },
    };

    /** One connection: statements are carried out in the order they were sent. */
    function send(query: CompiledQuery): Promise<SimulatedRow[]> {
      const model = models.find(({ has }) => query.sql.includes(has));
      if (model === undefined) throw new Error(`the simulation has no model of: ${query.sql}`);
      const answer = last.then(async () => {
        await process.step(model.has);
        return model.run(tx, query.parameters as readonly never[], query.sql);
      });
      last = answer.catch(() => undefined);
      return answer;
    }

    function end(): void {
      ended = true;
      for (const name of held) {
        const lock = locks.get(name)!;
        locks.delete(name);
        lock.free();
      }
      held.clear();
    }
    function apply(): void {
      for (const [name, rows] of written) {
        for (const [key, row] of rows) {
          if (row === undefined) table(name).delete(key);
          else table(name).set(key, row);
        }
      }
      end();
    }
    return { tx, apply, rollback: end, idle: () => last };
  }

  return {
    rows: (name) => [...table(name)],
    put: (name, key, row) => void table(name).set(key, row),
    async transaction(process, fn) {
      await process.step('begin');
      const { tx, apply, rollback, idle } = begin(process);
      const forget = process.onDeath(rollback);
      try {
        const value = await fn(tx);
        await idle();
        await process.step('commit');
        apply();
        forget();
        await process.step('committed');
        return value;
      } catch (error) {
        forget();
        rollback();
        throw error;
      }
    },
  };
}

function routed(send: (query: CompiledQuery) => Promise<SimulatedRow[]>): Kysely<never> {
  const connection: DatabaseConnection = {
    executeQuery: async (query) => ({ rows: (await send(query)) as never[] }),
    streamQuery: () => {
      throw new Error('nothing is streamed here');
    },
  };
  const nothing = async (): Promise<void> => undefined;
  return new Kysely<never>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createQueryCompiler: () => new PostgresQueryCompiler(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createDriver: () => ({
        init: nothing,
        acquireConnection: async () => connection,
        beginTransaction: nothing,
        commitTransaction: nothing,
        rollbackTransaction: nothing,
        releaseConnection: nothing,
        destroy: nothing,
      }),
    },
  });
}
