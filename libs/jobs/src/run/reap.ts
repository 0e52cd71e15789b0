import type { Logger } from '@idp/telemetry';
import type { PlatformDoor } from '@idp/database';
import type { JobTiming } from '../runtime/timing.ts';
import { lossesMax } from '../state/step-after.ts';
import { crashedRun, lostRun } from '../store/clear-lost.ts';
import { endRun } from '../store/end-run.ts';
import { lockExpired } from '../store/maintain.ts';
import { onPlatform } from '../store/statement.ts';

export interface ReapOptions {
  service: string;
  door: PlatformDoor;
  timing: Pick<JobTiming, 'graceMs'>;
  random: () => number;
  logger: Logger;
}

/** Takes jobs from owners that were not heard of: they are ready again, or dead after the third time. True where it found some. */
export async function reapExpired({ service, door, timing, random, logger }: ReapOptions): Promise<boolean> {
  const limits = { attemptsMax: 1, backoff: { firstMs: 0, maxMs: 0 }, random };
  const ended = await door.transaction(async (tx) => {
    const run = onPlatform(tx.db);
    const rows = await lockExpired(run, timing.graceMs);
    const all = [];
    for (const row of rows) {
      const error = row.losses >= lossesMax ? lostRun : crashedRun;
      const { step } = await endRun(run, row, row, { ending: { kind: 'crashed' }, error }, { service, limits });
      all.push({ row, step });
    }
    return all;
  });
  for (const { row, step } of ended) {
    const fields = { name: row.queue, tenantId: row.tenantId, attempts: row.crashes + 1 };
    if (step.to === 'dead') logger.error(fields, 'a job is dead: its worker crashed each time');
    else logger.warn(fields, 'a job was taken from a worker that was not heard of');
  }
  return ended.length > 0;
}
