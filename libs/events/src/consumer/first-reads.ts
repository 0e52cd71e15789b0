import { sql } from 'kysely';
import type { PlatformDoor } from '../platform-door.ts';
import type { RecordChunk } from '../transport/transport.ts';

export interface FirstReads {
  /** Looks at a chunk before its events are handled; once per partition and process it asks the database. */
  look(chunk: RecordChunk): Promise<void>;
}

/**
 * Notices a consumer that meets a topic whose beginning is gone: then `onTrimmed` is called, at least once for the topic, and
 * it never is again once that has succeeded.
 */
export function createFirstReads(options: {
  door: PlatformDoor;
  consumer: string;
  /** Topics whose beginning matters. */
  topics: ReadonlySet<string>;
  onTrimmed: (topic: string) => Promise<void>;
}): FirstReads {
  const { door, consumer, topics, onTrimmed } = options;
  const known = new Set<string>();
  const asked = new Set<string>();
  return {
    async look({ topic, part, records }) {
      const place = `${topic}/${part}`;
      if (known.has(place) || !topics.has(topic)) return;
      const { offset } = records[0]!;
      const { rows } = await door.transaction(
        (tx) =>
          sql`select from first_reads where consumer = ${consumer} and topic = ${topic} and part = ${part}`.execute(
            tx.db,
          ),
        { readOnly: true },
      );
      if (rows.length === 0) {
        if (offset > 0 && !asked.has(topic)) {
          await onTrimmed(topic);
          asked.add(topic);
        }
        await door.transaction((tx) =>
          sql`
            insert into first_reads (consumer, topic, part, first_offset) values (${consumer}, ${topic}, ${part}, ${offset})
            on conflict do nothing`.execute(tx.db),
        );
      }
      known.add(place);
    },
  };
}
