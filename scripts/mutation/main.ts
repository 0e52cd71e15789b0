// `npm run mutate [-- <part of a name> …] [--only rls|permission] [--plan] [--json]`: takes one policy of row security or one permission check
// away at a time, and proves that a test goes red. Its last line is the verdict; ends with 1 on a survivor, 2 on a wrong command line.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HuntedMutant } from '../../libs/testing/src/mutation/report.ts';
import { readOptions, type Kind, type MutationOptions } from './options.ts';
import { lineOf, summaryOf, type HuntedKind } from './outcome.ts';

/** The tests that know the mutants of their kind, and hunt them all in every run. */
const files: Readonly<Record<Kind, string>> = {
  rls: 'libs/testing/test/security/policy-mutants.test.ts',
  permission: 'libs/testing/test/security/permission-checks.test.ts',
};

process.exitCode = await main();

async function main(): Promise<number> {
  const startedAt = performance.now();
  const options = read();
  if (options === undefined) return 2;
  const directory = await mkdtemp(join(tmpdir(), 'idp-mutation-'));
  try {
    const code = await runTests(options, directory);
    const hunted = await readHunted(options.kinds, directory);
    if (hunted === undefined) return code || 1;
    if (hunted.length === 0) return fail('no mutant has this in its name; --plan prints them all');
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    if (options.json) console.log(JSON.stringify(hunted, undefined, 2));
    else if (options.plan) for (const { kind, name } of hunted) console.log(`${kind} ${name}`);
    else for (const line of [...hunted.map(lineOf), ...summaryOf(hunted, seconds)]) console.log(line);
    const isClean = options.plan || hunted.every(({ noticed }) => noticed.length > 0);
    return isClean ? code : 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function read(): MutationOptions | undefined {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    fail((error as Error).message);
    return undefined;
  }
}

/** What the tests print goes to standard error: the answer alone is on standard output. */
async function runTests({ names, kinds, plan }: MutationOptions, directory: string): Promise<number> {
  const env = {
    ...process.env,
    REQUIRE_BACKENDS: 'postgres',
    MUTATION_NAMES: names.join('\n'),
    MUTATION_PLAN: String(plan),
    MUTATION_REPORT: directory,
  };
  const args = ['run', '--project', 'security', ...kinds.map((kind) => files[kind])];
  const child = spawn('vitest', args, { env, stdio: ['ignore', 2, 2] });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** Undefined where a test ended before it had hunted anything: it has said why. */
async function readHunted(kinds: readonly Kind[], directory: string): Promise<HuntedKind[] | undefined> {
  const hunted: HuntedKind[] = [];
  for (const kind of kinds) {
    const text = await readFile(join(directory, `${kind}.json`), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    hunted.push(...(JSON.parse(text) as HuntedMutant[]).map(({ name, noticed }) => ({ kind, name, noticed })));
  }
  return hunted;
}

function fail(message: string): 2 {
  process.stderr.write(`mutate: ${message}\n`);
  return 2;
}
