import { openAuditStage } from '../auth/audit-stage.ts';
import { median } from '../in-process.ts';
import type { Row } from '../row.ts';

const wanted = 20_000;

/** From reports to the committed chain of one tenant: taken away, numbered, hashed, indexed, with a checkpoint every 1,000. */
export const auditSeal: Row = {
  name: 'audit-seal',
  suite: 'auth',
  async run({ rounds }) {
    await using stage = await openAuditStage();
    const count = rounds > 3 ? 40_000 : 20_000;
    const rates: number[] = [];
    const cpu: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      await stage.arrive(count);
      const [began, used] = [performance.now(), process.cpuUsage()];
      let sealed = 0;
      while (sealed < count) sealed += await stage.seal();
      const { user, system } = process.cpuUsage(used);
      if (round === 0) continue;
      rates.push(count / ((performance.now() - began) / 1000));
      cpu.push((user + system) / count);
    }
    return {
      name: 'audit-seal',
      title: 'Audit rows sealed into the chain of one tenant',
      figures: [],
      claims: [
        {
          text: `rows sealed per second, as part of ${wanted.toLocaleString('en')}`,
          ratio: median(rates) / wanted,
          limit: 1,
          bound: 'at-least',
        },
      ],
      notes: [
        `${Math.round(median(rates)).toLocaleString('en')} rows/s`,
        `CPU of the service: ${median(cpu).toFixed(1)} µs a row; the rest is PostgreSQL with eight indexes`,
      ],
    };
  },
};
