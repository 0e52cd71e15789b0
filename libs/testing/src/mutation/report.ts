import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One thing that went red. */
export interface Noticed {
  /** The check that noticed: `catalogue`, `rows`, `answer`, … */
  by: string;
  what: string;
}

/** What became of one mutant; nobody noticed a survivor. */
export interface HuntedMutant {
  name: string;
  noticed: readonly Noticed[];
}

export type MutantKind = 'rls' | 'permission';

/** What a run of mutants was asked for: `npm run mutate` says it in variables, an ordinary run of the tests does not. */
export interface MutationRun {
  /** `short`: some of every kind, in an ordinary run of the tests. */
  form: 'short' | 'full' | 'plan';
  /** Texts that names of mutants hold; none means all. */
  names: readonly string[];
}

export function mutationRun(env: NodeJS.ProcessEnv): MutationRun {
  const form = env['MUTATION_FORM'] === 'full' || env['MUTATION_FORM'] === 'plan' ? env['MUTATION_FORM'] : 'short';
  return { form, names: env['MUTATION_NAMES']?.split('\n').filter(Boolean) ?? [] };
}

/** The mutants to be hunted: those that were named, else all; in the short form every `step`th of them. */
export function chosen<M extends { name: string }>(mutants: readonly M[], run: MutationRun, step: number): M[] {
  const named = mutants.filter(({ name }) => run.names.length === 0 || run.names.some((text) => name.includes(text)));
  return run.form === 'short' ? named.filter((_, index) => index % step === 0) : named;
}

/** Leaves what became of the mutants where the command finds it (`<MUTATION_REPORT>/<kind>.json`). */
export async function writeHunted(
  env: NodeJS.ProcessEnv,
  kind: MutantKind,
  hunted: readonly HuntedMutant[],
): Promise<void> {
  const directory = env['MUTATION_REPORT'];
  if (directory !== undefined) await writeFile(join(directory, `${kind}.json`), JSON.stringify(hunted));
}
