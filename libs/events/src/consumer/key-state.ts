import { sql, type RawBuilder } from 'kysely';
import type { Delivery } from './delivery.ts';
import type { ConsumerTx } from './inbox-store.ts';

/** What an order-keeping consumer knows of one key. */
export interface KeyState {
  /** Version dealt with last; undefined for a key never seen. */
  cursor: number | undefined;
  /** Lowest version that waits. */
  parked: number | undefined;
  /** Lowest version of an open dead letter that was not stepped over: it stands before everything that follows. */
  dead: number | undefined;
  /** The cursor has to be written. */
  moved: boolean;
}

/** `handle`: its turn. `skip`: dealt with before. `wait`: something of its key stands before it. `gap`: a version is missing. */
export type Turn = 'handle' | 'skip' | 'wait' | 'gap';

/** One key and a version of it. */
export interface KeyRow {
  key: string;
  sequence: number;
}

/**
 * Read cursors (locked, in order of their keys) and what stands before them. Three statements of one round trip, after the inbox
 * was written: each has a snapshot that shows what a concurrent owner parked meanwhile.
 */
export function keyStateStatements(
  tenantId: string,
  consumer: string,
  keys: readonly string[],
  exceptLetter: string | null = null,
): RawBuilder<KeyRow>[] {
  return [
    sql<KeyRow>`
      select key, sequence from stream_cursors
      where tenant_id = ${tenantId} and consumer = ${consumer} and key = any (${keys}) order by key for update`,
    sql<KeyRow>`
      select key, min(coalesce(sequence, 0)) as sequence from parked_events
      where tenant_id = ${tenantId} and consumer = ${consumer} and key = any (${keys}) group by key`,
    // What the cursor has passed blocks nothing: newer state was applied over it.
    sql<KeyRow>`
      select d.key, min(coalesce(d.sequence, 0)) as sequence from dead_letters d
      left join stream_cursors c on c.tenant_id = d.tenant_id and c.consumer = d.consumer and c.key = d.key
      where d.tenant_id = ${tenantId} and d.consumer = ${consumer} and d.key = any (${keys}) and d.status = 'open'
        and (d.sequence is null or c.sequence is null or d.sequence > c.sequence)
        and (${exceptLetter}::uuid is null or d.id <> ${exceptLetter}::uuid)
      group by d.key`,
  ];
}

/** What the statements of `keyStateStatements` answered. */
export function readKeyStates(
  keys: readonly string[],
  [cursors = [], parked = [], dead = []]: readonly KeyRow[][],
): Map<string, KeyState> {
  const states = new Map<string, KeyState>();
  for (const key of keys) states.set(key, { cursor: undefined, parked: undefined, dead: undefined, moved: false });
  for (const { key, sequence } of cursors) states.get(key)!.cursor = sequence;
  // Facts without a version stand before whatever comes after them.
  for (const { key, sequence } of parked) states.get(key)!.parked = sequence;
  for (const { key, sequence } of dead) states.get(key)!.dead = sequence;
  return states;
}

/** Reads the states of some keys in one round trip. */
export async function loadKeyStates(
  tx: ConsumerTx,
  consumer: string,
  keys: readonly string[],
  { exceptLetter = null }: { exceptLetter?: string | null } = {},
): Promise<Map<string, KeyState>> {
  const statements = keyStateStatements(tx.tenantId, consumer, keys, exceptLetter);
  const answers = await Promise.all(statements.map((statement) => statement.execute(tx.db)));
  return readKeyStates(
    keys,
    answers.map(({ rows }) => rows),
  );
}

/**
 * Whose turn it is, by compare-and-set on the cursor. A snapshot holds all that came before it: it waits for nothing, and what
 * waits for an earlier version is passed over afterwards.
 */
export function turnOf(state: KeyState, version: number | undefined, snapshot = false): Turn {
  const { cursor, parked, dead } = state;
  if (version === undefined) return dead !== undefined || parked !== undefined ? 'wait' : 'handle';
  if (cursor !== undefined && version <= cursor) return 'skip';
  if (snapshot) return 'handle';
  if ((dead !== undefined && dead < version) || (parked !== undefined && parked < version)) return 'wait';
  return cursor === undefined || version === cursor + 1 ? 'handle' : 'gap';
}

/** The event was dealt with. */
export function advance(state: KeyState, { version }: Delivery): void {
  if (version === undefined) return;
  state.cursor = version;
  state.moved = true;
}

/** The event stays behind: what follows waits, and a later one is a gap, never a start. */
export function holdBack(state: KeyState, { version }: Delivery, how: 'parked' | 'dead'): void {
  state[how] = Math.min(state[how] ?? Infinity, version ?? 0);
  if (version === undefined || state.cursor !== undefined) return;
  state.cursor = version - 1;
  state.moved = true;
}

/** Writes the cursors that moved and makes what waited for them due; leaves with COMMIT. True when something became due. */
export function saveKeyStates(tx: ConsumerTx, consumer: string, states: ReadonlyMap<string, KeyState>): boolean {
  const moved = [...states].filter(([, state]) => state.moved).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (moved.length === 0) return false;
  const keys = moved.map(([key]) => key);
  const sequences = moved.map(([, { cursor }]) => cursor!);
  tx.withCommit(sql`
    insert into stream_cursors (consumer, key, sequence)
    select ${consumer}, k, s from unnest(${keys}::text[], ${sequences}::bigint[]) as c (k, s)
    on conflict (tenant_id, consumer, key) do update set sequence = excluded.sequence
    where stream_cursors.sequence < excluded.sequence`);
  const waiting = moved.filter(([, { parked }]) => parked !== undefined).map(([key]) => key);
  if (waiting.length > 0) makeHeadsDue(tx, consumer, waiting);
  return waiting.length > 0;
}

/** The next event of each key is due at once. Found by the index: what a key has waiting may be very long. */
export function makeHeadsDue(tx: ConsumerTx, consumer: string, keys: readonly string[]): void {
  const ofKey = sql`e.tenant_id = ${tx.tenantId} and e.consumer = ${consumer} and e.key = k.key`;
  tx.withCommit(sql`
    update parked_events p set next_at = now()
    from unnest(${keys}::text[]) as k (key) cross join lateral (
      (select 0 as place, e.event_id, e.last_code from parked_events e where ${ofKey} and e.sequence is null
       order by e.first_failed_at, e.event_id limit 1)
      union all
      (select 1, e.event_id, e.last_code from parked_events e where ${ofKey} and e.sequence is not null
       order by e.sequence, e.first_failed_at, e.event_id limit 1)
      order by place limit 1) as head
    where p.tenant_id = ${tx.tenantId} and p.consumer = ${consumer} and p.key = k.key and p.event_id = head.event_id
      and head.last_code in ('WAITS', 'GAP')`);
}
