/** A defect that the checker has to find: some texts of product files replaced while they are loaded. */
export interface Mutant {
  name: string;
  /** What the defect is, in one line. */
  description: string;
  changes: readonly { file: string; text: string; replacement: string }[];
  /** The fault under which it shows. */
  fault: string;
}

/** The inbox rows of some events over a connection past row security, as an expression. */
const separately = `await (async (eventIds) => {
    const mutantPg = process.getBuiltinModule('module').createRequire(process.env.FAULT_ROOT)('pg');
    const mutantClient = new mutantPg.Client({ connectionString: process.env.FAULT_ADMIN_URL });
    await mutantClient.connect();
    const { rows } = await mutantClient.query(
      "insert into ledger.inbox (tenant_id, consumer, event_id, outcome) select $1, $2, id, 'applied' from unnest($3::uuid[]) id order by id on conflict do nothing returning event_id",
      [tx.tenantId, consumer.name, eventIds],
    );
    await mutantClient.end();
    return rows.map((row) => row.event_id);
  })`;

/** Defects that show only when a partition is lost between two steps: the simulation finds them, a real run too seldom. */
export const simulated: readonly { name: string; command: string }[] = [
  { name: 'no-stale-check', command: "npm test -- libs/events/test/simulation -t 'no stale check'" },
];

/** Kept with the product: a text that is no longer there fails the run, so that a mutant never silently becomes the original. */
export const mutants: readonly Mutant[] = [
  {
    name: 'inbox-outside',
    description: 'the inbox commits before the effect, in a transaction of its own',
    changes: [
      {
        file: 'libs/events/src/consumer/inbox-store.ts',
        text: `insert into inbox (consumer, event_id, outcome)
    select \${consumer}, id, 'applied' from unnest(\${eventIds}::uuid[]) id order by id
    on conflict do nothing returning event_id`,
        replacement: "select id as event_id from unnest(${eventIds}::uuid[]) id where ${consumer}::text <> ''",
      },
      {
        file: 'libs/events/src/consumer/apply-tenant.ts',
        text: '(inbox as { event_id: string }[]).map((row) => row.event_id)',
        replacement: `${separately}((inbox as { event_id: string }[]).map((row) => row.event_id))`,
      },
    ],
    fault: 'failpoint-consumer-aftereffect',
  },
  {
    name: 'no-inbox',
    description: 'every delivery counts as the first',
    changes: [
      {
        file: 'libs/events/src/consumer/apply-tenant.ts',
        text: 'listed, eventId }) => !listed || fresh.has(eventId));',
        replacement: 'eventId }) => fresh.has(eventId) || eventId.length > 0);',
      },
    ],
    fault: 'failpoint-relay-afterack',
  },
  {
    name: 'watermark-relay',
    description: 'the relay forgets everything up to the highest sequence it has sent',
    changes: [
      {
        file: 'libs/events/src/outbox/outbox-store.ts',
        text: 'with gone as (delete from outbox where seq = any (${seqs}) returning shard)',
        replacement: 'with gone as (delete from outbox where seq <= ${Math.max(0, ...seqs)} returning shard)',
      },
    ],
    fault: 'postgres-late-commits',
  },
  {
    name: 'unfenced-finish',
    description: 'a run commits its effect although another run owns the job',
    changes: [
      {
        file: 'libs/jobs/src/store/end-run.ts',
        text: `with gone as (delete from jobs where \${owned(key)} and next_payload is null returning 1)
    select 1 / count(*) from gone`,
        replacement: 'delete from jobs where tenant_id = ${key.tenantId} and id = ${key.id}',
      },
      {
        file: 'libs/jobs/src/run/transact.ts',
        text: 'return { signal, ...(unaudited',
        replacement: 'return { ...(unaudited',
      },
    ],
    fault: 'zombie',
  },
];
