import type { SimulatedDatabase, SimulatedProcess } from '@idp/testing';
import type { OutgoingRecord } from '../../src/index.ts';
import type { RoundOutcome } from '../../src/outbox/relay-round.ts';

/**
 * The poller that a naive outbox has: it remembers the highest number it has published and asks for higher ones. A transaction that
 * took a lower number and commits later is never seen.
 */
export function watermarkRelay(
  database: SimulatedDatabase,
  publish: (process: SimulatedProcess, records: readonly OutgoingRecord[]) => Promise<'ok' | 'retry'>,
) {
  return (process: SimulatedProcess): Promise<RoundOutcome> =>
    database.transaction(process, async (tx) => {
      await tx.lock('watermark');
      const last = Number(tx.get('watermark', 'outbox')?.['seq'] ?? 0);
      const rows = tx
        .rows('outbox')
        .map(([, row]) => row)
        .filter((row) => Number(row['seq']) > last)
        .toSorted((a, b) => Number(a['seq']) - Number(b['seq']));
      if (rows.length === 0) return 'nothing';
      const records = rows.map((row) => ({
        topic: String(row['topic']),
        key: String(row['key']),
        headers: JSON.parse(String(row['headers'])) as Record<string, string>,
        value: row['payload'] as Buffer,
      }));
      if ((await publish(process, records)) === 'ok') tx.put('watermark', 'outbox', { seq: rows.at(-1)!['seq'] });
      return 'moved';
    });
}
