import { paginate, type Page, type PageRequest } from '@idp/database';
import { sql, type Kysely, type SelectQueryBuilder } from 'kysely';
import type { ConsumerTx } from '../consumer/inbox-store.ts';
import type { StoredEvent } from '../consumer/stored-delivery.ts';

export type DeadLetterStatus = 'open' | 'redriven' | 'discarded';

/** Which dead letters; members that are absent do not filter. Times are RFC 3339 and bound `first_at`, `to` not included. */
export interface DeadLetterFilter {
  readonly consumer?: string | undefined;
  readonly type?: string | undefined;
  readonly errorCode?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly status?: DeadLetterStatus | undefined;
  readonly key?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** A dead letter without its payload. Times are ISO 8601. */
export interface DeadLetterSummary {
  id: string;
  consumer: string;
  topic: string;
  part: number;
  offset: number;
  type: string | null;
  key: string;
  sequence: number | null;
  event_id: string;
  payload_bytes: number;
  error_code: string;
  message: string;
  fingerprint: string;
  attempts: number;
  first_at: string;
  last_at: string;
  status: DeadLetterStatus;
  closed_at: string | null;
  closed_by: string | null;
  reason: string | null;
}

/** One thing done about a dead letter. */
export interface DeadLetterTry {
  at: string;
  actor: string;
  outcome: 'applied' | 'failed' | 'discarded';
  code?: string;
  message?: string;
}

/** A dead letter with everything that is kept of it. */
export interface DeadLetterRow extends DeadLetterSummary, StoredEvent {
  tenant_id: string;
  /** Of a payload that was too long to be kept whole. */
  payload_sha256: Buffer | null;
  history: DeadLetterTry[];
}

interface Tables {
  dead_letters: DeadLetterRow;
}

const summaryColumns = [
  'id',
  'consumer',
  'topic',
  'part',
  'offset',
  'type',
  'key',
  'sequence',
  'event_id',
  'payload_bytes',
  'error_code',
  'message',
  'fingerprint',
  'attempts',
  'first_at',
  'last_at',
  'status',
  'closed_at',
  'closed_by',
  'reason',
] as const;

/** A page of the tenant's dead letters, the newest first. Throws ValidationError for a cursor of another list. */
export function listDeadLetters(
  tx: ConsumerTx,
  filter: DeadLetterFilter,
  page: Omit<PageRequest, 'sort' | 'direction'>,
): Promise<Page<DeadLetterSummary>> {
  const query = filtered(tablesOf(tx.db).selectFrom('dead_letters').select(summaryColumns), filter);
  return paginate(tx, query.where('tenant_id', '=', tx.tenantId), {
    ...page,
    sort: [{ column: 'first_at' }, { column: 'id' }],
    direction: 'desc',
  });
}

export function findDeadLetter(tx: ConsumerTx, id: string): Promise<DeadLetterRow | undefined> {
  return whole(tx, id).executeTakeFirst();
}

/** The letter, locked until the transaction ends. */
export function lockDeadLetter(tx: ConsumerTx, id: string): Promise<DeadLetterRow | undefined> {
  return whole(tx, id).forUpdate().executeTakeFirst();
}

function whole(tx: ConsumerTx, id: string) {
  return tablesOf(tx.db)
    .selectFrom('dead_letters')
    .select([...summaryColumns, 'tenant_id', 'headers', 'payload', 'payload_sha256', 'history'])
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id);
}

/** Dead letters that are alike, counted. Says nothing of keys, headers and payloads. */
export interface DeadLetterGroup {
  consumer: string;
  type: string | null;
  error_code: string;
  fingerprint: string;
  status: DeadLetterStatus;
  letters: number;
  tenants: number;
  first_at: string;
  last_at: string;
}

/** The largest groups first. `tenantId` bounds them to one tenant. */
export async function groupDeadLetters(
  db: Kysely<never>,
  filter: DeadLetterFilter,
  { tenantId, limit }: { tenantId: string | undefined; limit: number },
): Promise<DeadLetterGroup[]> {
  const query = filtered(tablesOf(db).selectFrom('dead_letters'), filter)
    .select(['consumer', 'type', 'error_code', 'fingerprint', 'status'])
    .select(({ fn }) => [
      fn.countAll<number>().as('letters'),
      fn.count<number>('tenant_id').distinct().as('tenants'),
      fn.min('first_at').as('first_at'),
      fn.max('last_at').as('last_at'),
    ])
    .groupBy(['consumer', 'type', 'error_code', 'fingerprint', 'status']);
  const bounded = tenantId === undefined ? query : query.where('tenant_id', '=', tenantId);
  return bounded.orderBy('letters', 'desc').orderBy('fingerprint').limit(limit).execute();
}

/** Open letters that a bulk redrive means. */
export interface RedriveSelection {
  filter: DeadLetterFilter;
  /** One tenant; undefined for all of them. */
  tenantId: string | undefined;
  /** RFC 3339: letters tried later are left out, so that none is tried twice by one request. */
  triedBefore: string;
}

export async function countRedrivable(
  db: Kysely<never>,
  selection: Omit<RedriveSelection, 'triedBefore'>,
): Promise<{ matched: number; at: string }> {
  return redrivable(db, selection)
    .select(({ fn }) => [fn.countAll<number>().as('matched'), sql<string>`now()`.as('at')])
    .executeTakeFirstOrThrow();
}

/** The next letters to redrive: those that failed first come first, as far as one key is concerned in order of versions. */
export function nextRedrivable(
  db: Kysely<never>,
  selection: RedriveSelection,
  limit: number,
): Promise<{ tenant_id: string; id: string }[]> {
  return redrivable(db, selection)
    .where('last_at', '<', selection.triedBefore)
    .select(['tenant_id', 'id'])
    .orderBy('first_at')
    .orderBy('sequence')
    .orderBy('id')
    .limit(limit)
    .execute();
}

function redrivable(db: Kysely<never>, { filter, tenantId }: Omit<RedriveSelection, 'triedBefore'>) {
  const query = filtered(tablesOf(db).selectFrom('dead_letters'), { ...filter, status: 'open' });
  // What killed the process would do so again for every letter: only who asks for exactly these gets them.
  const safe = filter.errorCode === undefined ? query.where('error_code', '<>', 'CRASHES_CONSUMER') : query;
  return tenantId === undefined ? safe : safe.where('tenant_id', '=', tenantId);
}

function filtered<O>(
  query: SelectQueryBuilder<Tables, 'dead_letters', O>,
  { consumer, type, errorCode, fingerprint, status, key, from, to }: DeadLetterFilter,
): SelectQueryBuilder<Tables, 'dead_letters', O> {
  const equal = { consumer, type, error_code: errorCode, fingerprint, status, key } as const;
  let narrowed = query;
  for (const [column, value] of Object.entries(equal)) {
    if (value !== undefined) narrowed = narrowed.where(column as keyof typeof equal, '=', value);
  }
  if (from !== undefined) narrowed = narrowed.where('first_at', '>=', from);
  if (to !== undefined) narrowed = narrowed.where('first_at', '<', to);
  return narrowed;
}

/** Closes a letter for good; leaves with COMMIT. */
export function closeDeadLetter(
  tx: ConsumerTx,
  id: string,
  { status, actor, reason }: { status: 'redriven' | 'discarded'; actor: string; reason?: string },
): void {
  const outcome = status === 'redriven' ? 'applied' : 'discarded';
  tx.withCommit(sql`
    update dead_letters set status = ${status}, closed_at = now(), closed_by = ${actor}, reason = ${reason ?? null}, last_at = now(),
      attempts = attempts + ${status === 'redriven' ? 1 : 0},
      history = ${appended({ actor, outcome })}
    where tenant_id = ${tx.tenantId} and id = ${id}`);
}

/** Records a try that failed; the letter stays open. Without `cause` what it says of its cause stays. */
export function failDeadLetter(
  tx: ConsumerTx,
  id: string,
  {
    actor,
    code,
    message,
    fingerprint,
  }: { actor: string; code: string; message: string; fingerprint: string | undefined },
): void {
  const text = message.slice(0, 2000);
  const cause =
    fingerprint === undefined ? sql`` : sql`error_code = ${code}, message = ${text}, fingerprint = ${fingerprint},`;
  tx.withCommit(sql`
    update dead_letters set ${cause} attempts = attempts + 1, last_at = now(),
      history = ${appended({ actor, outcome: 'failed', code, message: text })}
    where tenant_id = ${tx.tenantId} and id = ${id}`);
}

/** The last 50 tries are kept. */
function appended(entry: Omit<DeadLetterTry, 'at'>) {
  return sql`(case when jsonb_array_length(history) >= 50 then history - 0 else history end)
    || jsonb_build_array(jsonb_build_object('at', now()) || ${JSON.stringify(entry)}::jsonb)`;
}

function tablesOf(db: unknown): Kysely<Tables> {
  return db as Kysely<Tables>;
}
