import { parseArgs } from 'node:util';

export const kinds = ['rls', 'permission'] as const;
export type Kind = (typeof kinds)[number];

export interface MutationOptions {
  /** Texts that names of mutants hold; none: all. */
  names: readonly string[];
  kinds: readonly Kind[];
  /** Prints the names and hunts nothing. */
  plan: boolean;
  /** Prints what became of each as JSON. */
  json: boolean;
}

/** Reads the command line. Throws TypeError for what it does not know. */
export function readOptions(args: readonly string[]): MutationOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      plan: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const { only, plan, json } = values;
  const chosen = kinds.filter((kind) => only === undefined || kind === only);
  if (chosen.length === 0) throw new TypeError(`--only ${only}: ${kinds.join(' or ')}`);
  return { names: positionals, kinds: chosen, plan, json };
}
