import { claimJobs } from '../../../libs/jobs/src/store/claim.ts';
import { onPlatform } from '../../../libs/jobs/src/store/statement.ts';
import { connect, openDoor, service } from '../../../libs/jobs/test/service.ts';
import { openStage, percentile } from '../jobs/stage.ts';
import type { Row } from '../row.ts';

const tenants = 1_000;

/** Row 9 of data §6: a claim of ten beside a million waiting jobs of a thousand tenants. */
export const jobClaim: Row = {
  name: 'job-claim',
  suite: 'data',
  async run({ rounds }) {
    await using stage = await openStage();
    const jobs = rounds > 3 ? 1_000_000 : 200_000;
    {
      await using admin = await connect(stage.address.adminUrl);
      await admin.query(
        `insert into ${service}.jobs (tenant_id, id, queue, state, payload)
         select ('00000000-0000-7000-8000-' || lpad((n % ${tenants})::text, 12, '0'))::uuid, gen_random_uuid(), 'claimed', 'ready', '{}'
         from generate_series(1, ${jobs}) n`,
      );
      await admin.query(`vacuum analyze ${service}.jobs`);
      // A backlog has been lying for a while: what made it is not what the claims wait for.
      await admin.query('checkpoint');
    }
    const door = openDoor(stage.service);
    const times: number[] = [];
    let after = '00000000-0000-0000-0000-000000000000';
    for (let i = 0; i < rounds * 300; i += 1) {
      const began = performance.now();
      const wish = { queue: 'claimed', limit: 10, free: 10, after, leaseSeconds: 3_600 };
      const answer = await door.transaction((tx) =>
        claimJobs(onPlatform(tx.db), { service, owner: 'bench', wishes: [wish] }),
      );
      if (i >= 50) times.push(performance.now() - began);
      if (answer.jobs.length !== 10) throw new Error(`claimed ${answer.jobs.length} jobs`);
      after = answer.after.get('claimed')!;
    }
    return {
      name: 'job-claim',
      title: `Claim of 10 beside ${jobs.toLocaleString('en')} waiting jobs of ${tenants.toLocaleString('en')} tenants`,
      figures: [],
      claims: [
        { text: '99 % of claims, as part of 10 ms', ratio: percentile(times, 0.99) / 10, limit: 1, bound: 'at-most' },
      ],
      notes: [`p50 ${percentile(times, 0.5).toFixed(2)} ms, p99 ${percentile(times, 0.99).toFixed(2)} ms`],
    };
  },
};
