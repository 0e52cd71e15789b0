import { sql } from 'kysely';
import { defineConsumer, type ConsumerDefinition } from '@idp/events';
import type { ProbeTables } from '../../../libs/events/test/bench-database.ts';
import { consumerName as name } from './stage.ts';

const types = ['idp.catalog.v1.EntityUpdated'] as const;
type Updated = (typeof types)[number];

/** One row per event; what it writes leaves with the commit of the chunk. */
export const oneByOne: ConsumerDefinition = defineConsumer<Updated, ProbeTables>({
  name,
  types,
  ordering: 'none',
  async handle(tx, { id, aggregateId, version = null }) {
    tx.beforeCommit('effects', { consumer: name, event_id: id, aggregate_id: aggregateId, version });
  },
});

/** All rows of a tenant's events in one statement. */
export const together: ConsumerDefinition = defineConsumer<Updated, ProbeTables>({
  name,
  types,
  ordering: 'none',
  async handleMany(tx, events) {
    const ids = events.map(({ id }) => id);
    const aggregates = events.map(({ aggregateId }) => aggregateId);
    await sql`
      insert into effects (consumer, event_id, aggregate_id)
      select ${name}, id, aggregate from unnest(${ids}::uuid[], ${aggregates}::text[]) as e (id, aggregate)`.execute(
      tx.db,
    );
  },
});
