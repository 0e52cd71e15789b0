import type { Door } from '@idp/database';
import { checkpointLine, headerLine, rowLine } from '../../audit/export-lines.ts';
import { linkOfRow, readChain } from '../../store/audit/chain.ts';
import { listCheckpointsBetween } from '../../store/audit/checkpoints.ts';
import type { Tables } from '../../store/tables.ts';

/** Rows that are read by one transaction: none outlives its batch, however slow the client is. */
const batchRows = 500;

/** An export as the client takes it: header, rows, and each checkpoint after its last row. */
export async function* exportLines(
  door: Door<Tables>,
  { fromSeq, toSeq, madeAt }: { fromSeq: number; toSeq: number; madeAt: string },
  signal: AbortSignal,
): AsyncGenerator<string> {
  for (let start = fromSeq; start <= toSeq; start += batchRows) {
    const range = { fromSeq: start, toSeq: Math.min(toSeq, start + batchRows - 1) };
    const [rows, checkpoints] = await door.read(
      (tx) => Promise.all([readChain(tx, { ...range, limit: batchRows }), listCheckpointsBetween(tx, range)]),
      { signal },
    );
    const [first] = rows;
    const lines: string[] = [];
    if (start === fromSeq && first !== undefined) {
      const prevHash = first.prev_hash.toString('hex');
      lines.push(headerLine({ fromSeq, madeAt, prevHash, tenantId: first.tenant_id, toSeq }));
    }
    const ends = new Map(checkpoints.map((signed) => [signed.checkpoint.toSeq, signed]));
    for (const row of rows) {
      lines.push(rowLine(linkOfRow(row)));
      const signed = ends.get(row.seq);
      if (signed !== undefined) lines.push(checkpointLine(signed));
    }
    if (lines.length > 0) yield `${lines.join('\n')}\n`;
  }
}
