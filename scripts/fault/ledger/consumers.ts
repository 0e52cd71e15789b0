import {
  defineConsumer,
  deleteLatest,
  RetryLater,
  upsertLatest,
  type ConsumedEvent,
  type ConsumerDefinition,
} from '@idp/events';
import type { Tx } from '@idp/database';
import { sql } from 'kysely';
import { transferPosted, type TransferPosted } from './event-types.ts';
import { enqueueNotices } from './notices.ts';
import type { Tables } from './tables.ts';
import { meetTrouble } from './trouble.ts';

/** One event in so many is put off at its first try, so that parking is always a part of the picture. */
const parksOneIn = Number(process.env['LEDGER_PARKS_ONE_IN'] ?? '512');
const parkedMs = 500;

/** Credits the receiving account, keeping the order of the sending one. */
const credits = defineConsumer({
  name: 'ledger.credits',
  types: [transferPosted],
  ordering: 'key',
  allowOwn: true,
  async handle(tx: Tx<Tables>, event, { attempt }) {
    if (attempt === 1 && Number.parseInt(event.id.slice(-6), 16) % parksOneIn === 0) throw new RetryLater(parkedMs);
    const { toAccount, amount } = transferOf(event);
    meetTrouble(amount);
    await tx.db
      .updateTable('accounts')
      .set({ credited: sql`credited + ${String(amount)}` })
      .where('id', '=', toAccount)
      .execute();
    await recordEffects(tx, 'ledger.credits', [event]);
  },
});

/** Notes every transfer, many at once and in any order, and has the outside told of it. */
const statements = defineConsumer({
  name: 'ledger.statements',
  types: [transferPosted],
  ordering: 'none',
  allowOwn: true,
  async handleMany(tx: Tx<Tables>, events) {
    await recordEffects(tx, 'ledger.statements', events);
    const notices = events.map((event) => ({
      transferId: transferOf(event).transferId,
      eventId: event.id,
      account: event.aggregateId,
      sequence: String(event.version),
    }));
    await enqueueNotices(tx, notices);
  },
});

/** Follows the catalog's entities. */
const entities = defineConsumer({
  name: 'ledger.entities',
  types: ['idp.catalog.v1.EntityCreated', 'idp.catalog.v1.EntityUpdated', 'idp.catalog.v1.EntityDeleted'],
  ordering: 'latest',
  async handle(tx: Tx<Tables>, event) {
    const version = event.version ?? 0;
    if (event.type === 'idp.catalog.v1.EntityDeleted') {
      await deleteLatest(tx, 'entities', event.aggregateId, version);
      return;
    }
    const { entityRef, document } = event.data;
    await upsertLatest(tx, 'entities', { id: event.aggregateId, entity_ref: entityRef, document }, version);
  },
});

export const consumers: ConsumerDefinition[] = [credits, statements, entities];

async function recordEffects(tx: Tx<Tables>, consumer: string, events: readonly ConsumedEvent[]): Promise<void> {
  const rows = events.map((event) => ({
    consumer,
    event_id: event.id,
    transfer_id: transferOf(event).transferId,
    account: event.aggregateId,
    sequence: String(event.version),
  }));
  await tx.db.insertInto('effects').values(rows).execute();
}

function transferOf(event: ConsumedEvent): TransferPosted {
  return event.data as unknown as TransferPosted;
}
