import { parseArgs } from 'node:util';
import {
  createHostileRun,
  hostileClasses,
  hostileItems,
  remoteFixture,
  remoteTarget,
} from '../libs/testing/src/hostile/index.ts';
import type { HostileRun } from '../libs/testing/src/hostile/index.ts';

const usage = `node scripts/hostile.ts <base-url> [--long] [--class ${hostileClasses.join('|')}]
Sends hostile inputs to a running platform and prints every deviation from what is expected.
HOSTILE_EMAIL and HOSTILE_PASSWORD: an account of a tenant made for this; services named hst-… stay behind.
--long also runs what takes minutes (idle and greedy clients).`;

interface Tally {
  passed: number;
  failed: number;
  skipped: Map<string, string[]>;
}

async function runClass(run: HostileRun, name: (typeof hostileClasses)[number], tally: Tally): Promise<void> {
  for (const item of hostileItems(name)) {
    const { outcomes, skipped } = await run.run(item);
    if (skipped !== undefined) {
      tally.skipped.set(skipped, [...(tally.skipped.get(skipped) ?? []), item.id]);
      continue;
    }
    const deviations = outcomes.flatMap(({ place, deviations: found }) => found.map((each) => `  ${place}: ${each}`));
    if (deviations.length === 0) tally.passed += 1;
    else {
      tally.failed += 1;
      process.stdout.write(`${item.id}\n${deviations.join('\n')}\n`);
    }
  }
}

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { long: { type: 'boolean', default: false }, class: { type: 'string' } },
  });
  const [baseUrl] = positionals;
  const { HOSTILE_EMAIL: email, HOSTILE_PASSWORD: password } = process.env;
  if (baseUrl === undefined || email === undefined || password === undefined) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const target = await remoteTarget(new URL(baseUrl).origin);
  const run = createHostileRun({
    targets: [target],
    fixture: await remoteFixture(target, { email, password }),
    long: values.long,
  });
  const tally: Tally = { passed: 0, failed: 0, skipped: new Map() };
  for (const name of hostileClasses)
    if (values.class === undefined || values.class === name) await runClass(run, name, tally);
  for (const [reason, ids] of tally.skipped) process.stdout.write(`skipped ${ids.length}: ${reason}\n`);
  const skipped = [...tally.skipped.values()].flat().length;
  process.stdout.write(
    `${tally.passed} passed, ${tally.failed} failed, ${skipped} skipped, ${run.operations.length} operations\n`,
  );
  return tally.failed === 0 ? 0 : 1;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
