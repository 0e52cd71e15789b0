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

/** What a run of mutants was asked for: `npm run mutate` says it in variables; an ordinary run of the tests hunts them all. */
export interface MutationRun {
  /** They are named only. */
  plan: boolean;
  /** Texts that names of mutants hold; none means all. */
  names: readonly string[];
}

export function mutationRun(env: NodeJS.ProcessEnv): MutationRun {
  return { plan: env['MUTATION_PLAN'] === 'true', names: env['MUTATION_NAMES']?.split('\n').filter(Boolean) ?? [] };
}

/** Whether the mutant of this name is to be hunted. */
export function isChosen(name: string, { names }: MutationRun): boolean {
  return names.length === 0 || names.some((text) => name.includes(text));
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
