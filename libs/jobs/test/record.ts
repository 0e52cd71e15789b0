import { sql } from 'kysely';
import { z } from 'zod';
import type { Tx } from '@idp/database';
import type { Job } from '../src/index.ts';
import type { ProbeTables } from './service.ts';

/** What the tests' jobs carry. */
export const label = z.strictObject({ label: z.string() });
export type Label = z.output<typeof label>;

/** Records that a job had its effect; without a unique key, so that a second one shows. */
export async function record(tx: Tx<ProbeTables>, job: Pick<Job<Label, ProbeTables>, 'id' | 'payload'>): Promise<void> {
  await sql`insert into effects (job, label, worker) values (${job.id}, ${job.payload.label}, ${String(process.pid)})`.execute(
    tx.db,
  );
}
