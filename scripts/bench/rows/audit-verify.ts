import { createHash } from 'node:crypto';
import { createExportVerifier } from '@idp/auth-service/audit';
import { newId } from '@idp/contracts';
import { sampleArrival, sampleExport, sampleKeys } from '../../../services/auth/src/audit/chain-fixtures.ts';
import { median } from '../in-process.ts';
import type { Row } from '../row.ts';

const wanted = 100_000;

/** Lines of an export in memory: each parsed, hashed with its two commitments, chained; a signature every 1,000. */
export const auditVerify: Row = {
  name: 'audit-verify',
  suite: 'auth',
  async run({ rounds }) {
    const count = rounds > 3 ? 100_000 : 50_000;
    const { signer, keys } = sampleKeys();
    const arrivals = Array.from({ length: count }, (_, at) => sampleArrival(at));
    const lines = sampleExport(newId(), arrivals, { signer, every: 1_000 });
    const rates = { ours: [] as number[], peer: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      const verifier = createExportVerifier(keys);
      const ours = rateOf(count, () => {
        for (const line of lines) verifier.line(line);
        const { fault } = verifier.end();
        if (fault !== undefined) throw new Error(`row ${fault.seq} ${fault.what}`);
      });
      const peer = rateOf(count, () => {
        for (const line of lines) {
          JSON.parse(line);
          createHash('sha256').update(line).digest('hex');
        }
      });
      if (round === 0) continue;
      rates.ours.push(ours);
      rates.peer.push(peer);
    }
    return {
      name: 'audit-verify',
      title: 'Audit rows of an export verified offline',
      figures: [],
      claims: [
        {
          text: `rows verified in a second of one core, as part of ${wanted.toLocaleString('en')}`,
          ratio: median(rates.ours) / wanted,
          limit: 1,
          bound: 'at-least',
        },
      ],
      notes: [
        `${Math.round(median(rates.ours)).toLocaleString('en')} rows/s, ${(lines[1]?.length ?? 0).toLocaleString('en')} bytes a row`,
        `each line only parsed and hashed once: ${Math.round(median(rates.peer)).toLocaleString('en')} rows/s`,
      ],
    };
  },
};

/** Calls in a second of CPU time: the work is one thread's, and what else the machine does is not measured. */
function rateOf(count: number, work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return count / ((user + system) / 1e6);
}
