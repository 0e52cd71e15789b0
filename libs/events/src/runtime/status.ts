import { groupOf } from '../consumer/define-consumer.ts';
import { countDueParked } from '../consumer/claim-parked.ts';
import { measureOutbox, type OutboxDepth } from '../outbox/outbox-store.ts';
import type { PlatformDoor } from '../platform-door.ts';
import type { EventTransport } from '../transport/transport.ts';
import { listBacklogs } from './consumer-states.ts';
import type { Consumers } from './consumers.ts';

export interface ConsumerStatus {
  name: string;
  paused: boolean;
  /** Records before it, over all partitions. */
  lag: number;
  parked: number;
  dead: number;
}

export interface EventStatus {
  outbox: OutboxDepth;
  consumers: ConsumerStatus[];
}

export interface StatusSources {
  door: PlatformDoor;
  transport: EventTransport;
  readers: Consumers;
}

/** Where the events of a service stand, over all its processes. */
export async function readStatus({ door, transport, readers }: StatusSources): Promise<EventStatus> {
  const { outbox, backlogs } = await door.transaction(
    async (tx) => ({ outbox: await measureOutbox(tx.db), backlogs: await listBacklogs(tx.db, readers.names) }),
    { readOnly: true },
  );
  const consumers: ConsumerStatus[] = [];
  for (const { consumer: name, parked, dead } of backlogs) {
    consumers.push({ name, paused: readers.paused(name), lag: await lagOf(transport, name), parked, dead });
  }
  return { outbox, consumers };
}

/** True when nothing moves any more: what is paused, parked for later or dead does not count. */
export async function isDrained({ door, transport, readers }: StatusSources): Promise<boolean> {
  const rounds = readers.retryRounds;
  if (readers.retrying > 0) return false;
  const { pending, due } = await door.transaction(
    async (tx) => ({ pending: (await measureOutbox(tx.db)).pending, due: await countDueParked(tx.db, readers.names) }),
    { readOnly: true },
  );
  // An event that was being tried when the tables were read may have made the next one of its key due.
  if (pending > 0 || due > 0 || readers.retryRounds !== rounds) return false;
  for (const name of readers.names) {
    if (!readers.paused(name) && (await lagOf(transport, name)) > 0) return false;
  }
  return true;
}

async function lagOf(transport: EventTransport, consumer: string): Promise<number> {
  const partitions = await transport.lag(groupOf(consumer));
  return partitions.reduce((sum, { records }) => sum + records, 0);
}
