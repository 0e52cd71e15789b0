import { topics as knownTopics } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { EventConfigurationError } from '../errors.ts';
import { publish, type PublishInput } from '../outbox/publish.ts';

/** Which aggregates of a topic: all in pages, or those named. */
export interface SnapshotPage {
  /** Aggregate ids above this one; absent at the beginning. */
  readonly after?: string | undefined;
  /** Only these. */
  readonly ids?: readonly string[] | undefined;
  readonly limit: number;
}

/**
 * Reads the state of up to `limit` aggregates of the transaction's tenant, in ascending order of their ids as text, and holds
 * their row locks: what it returns is published with the version the row has, before anything newer can be.
 */
// Each owner names its own tables.
// oxlint-disable-next-line typescript/no-explicit-any
export type SnapshotSource = (tx: Tx<any>, page: SnapshotPage) => Promise<PublishInput[]>;

/** Sources by topic name. */
export type SnapshotSources = Readonly<Record<string, SnapshotSource>>;

/** Throws EventConfigurationError for a topic of another service, or one that carries no state. */
export function checkSnapshotSources(service: string, sources: SnapshotSources): void {
  for (const topic of Object.keys(sources)) {
    if (knownTopics[topic]?.owner !== service) {
      throw new EventConfigurationError(`${topic} is no topic of ${service}: it cannot give snapshots of it`);
    }
  }
}

/**
 * Emits the state of one page of aggregates again, with `ce_snapshot`. Resolves with the id to go on after, undefined when
 * there is nothing more.
 */
export async function emitSnapshots(
  tx: Tx<never>,
  source: SnapshotSource,
  page: SnapshotPage,
): Promise<string | undefined> {
  const states = await source(tx, page);
  for (const state of states) publish(tx, { ...state, snapshot: true });
  return page.ids === undefined && states.length >= page.limit ? states.at(-1)?.aggregateId : undefined;
}

export interface SnapshotWish {
  topic: string;
  aggregateIds?: readonly string[];
  /** Consumer or principal. */
  requestedBy: string;
}

/** Asks the owner of a topic for its state, in the tenant of the transaction; in the platform tenant for that of all tenants. */
export function requestSnapshots(tx: Tx<never>, { topic, aggregateIds = [], requestedBy }: SnapshotWish): void {
  publish(tx, {
    type: 'idp.common.v1.SnapshotRequested',
    aggregateId: topic,
    data: { topic, aggregateIds: [...aggregateIds], requestedBy },
  });
}
