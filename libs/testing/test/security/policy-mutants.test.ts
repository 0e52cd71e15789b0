import { afterAll, beforeAll, expect, it } from 'vitest';
import { withConnection } from '../../src/isolation/sql.ts';
import { allRowFindings, huntPolicyMutant, policyMutants } from '../../src/mutation/policy-mutants.ts';
import { isChosen, mutationRun, writeHunted } from '../../src/mutation/report.ts';
import type { HuntedMutant } from '../../src/mutation/report.ts';
import type { TestDatabase } from '../../src/index.ts';
import { migratedDatabase } from './migrated.ts';

const run = mutationRun(process.env);
let database: TestDatabase;

beforeAll(async () => {
  database = await migratedDatabase();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

it('every role reaches of every table what the class of the table says, no more and no less', async () => {
  const { adminUrl, prefix } = database;
  expect(await withConnection(adminUrl, (client) => allRowFindings(client, prefix))).toEqual([]);
});

// Each is two statements and some hundred attempts on one table.
it('row security with any one hole is noticed, in the catalogue and in the rows', { timeout: 600_000 }, async () => {
  const { adminUrl, prefix } = database;
  const hunted: (HuntedMutant & { onPartition: boolean })[] = [];
  await withConnection(adminUrl, async (client) => {
    const mutants = await policyMutants(client, prefix);
    const policies = await client.query("select 1 from pg_policies where schemaname <> 'bus'");
    expect(mutants.filter(({ name }) => name.endsWith(':drop'))).toHaveLength(policies.rowCount ?? 0);
    for (const mutant of mutants.filter(({ name }) => isChosen(name, run))) {
      const noticed = run.plan ? [] : await huntPolicyMutant(client, prefix, mutant);
      hunted.push({ name: mutant.name, noticed, onPartition: mutant.table === undefined });
    }
  });
  await writeHunted(process.env, 'rls', hunted);
  if (run.plan) return;
  const unnoticed = (by: string) =>
    hunted.filter(({ noticed }) => !noticed.some((each) => each.by === by)).map(({ name }) => name);
  const partitions = new Set(hunted.filter(({ onPartition }) => onPartition).map(({ name }) => name));
  // The owner of the schema itself is no role of the catalogue's rules; it writes down there what it has migrated.
  expect(unnoticed('catalogue').filter((name) => !name.endsWith('.schema_migrations:owner:drop'))).toEqual([]);
  // No row more is reached on a partition (nobody holds a grant), of what was migrated (no secret), and by who may only add to the outbox.
  const isOpen = (name: string) =>
    partitions.has(name) || /\.schema_migrations:(?:disable|no-force)$|\.outbox:tenant:using$/.test(name);
  expect(unnoticed('rows').filter((name) => !isOpen(name))).toEqual([]);
});
