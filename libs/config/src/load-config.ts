import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { isSecret } from './pieces.ts';

/** One variable as it may be shown: a secret's value is `•••`. */
export interface ConfigEntry {
  name: string;
  value: unknown;
  source: 'environment' | 'file' | 'default' | 'unset';
}

/** Validated configuration and its printable form. */
export interface Config<Values> {
  values: Values;
  describe(): ConfigEntry[];
}

/** Lists every variable at fault; holds no value, so it can be printed. */
export class ConfigError extends Error {
  readonly problems: readonly { name: string; message: string }[];

  constructor(problems: readonly { name: string; message: string }[]) {
    super(`configuration is not valid: ${problems.map((p) => `${p.name}: ${p.message}`).join('; ')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

type Problem = { name: string; message: string };
type Read = { value: string | undefined; source: ConfigEntry['source']; problem?: string };

/**
 * Reads the variables a schema names from the environment and validates them all at once.
 * Every variable may also be given as `NAME_FILE`, a path whose content (less one trailing line end) is the value. An
 * empty variable counts as absent.
 * @throws ConfigError naming every variable at fault, never a value.
 */
export function loadConfig<S extends z.ZodObject>(
  schema: S,
  env: NodeJS.ProcessEnv = process.env,
): Config<z.output<S>> {
  const input: Record<string, string> = {};
  const sources = new Map<string, ConfigEntry['source']>();
  const problems: Problem[] = [];
  for (const name of Object.keys(schema.shape)) {
    const read = readVariable(name, !(`${name}_FILE` in schema.shape), env);
    if (read.problem !== undefined) problems.push({ name, message: read.problem });
    if (read.value !== undefined) input[name] = read.value;
    sources.set(name, read.source);
  }
  const result = schema.safeParse(input);
  if (!result.success) {
    const unreadable = new Set(problems.map((problem) => problem.name));
    for (const issue of result.error.issues) {
      const name = String(issue.path[0] ?? 'configuration');
      if (!unreadable.has(name)) problems.push({ name, message: missing(name, input) ?? issue.message });
    }
  }
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  const values = result.data;
  return { values, describe: () => describeValues(schema, values, sources) };
}

function missing(name: string, input: Record<string, string>): string | undefined {
  return name === 'configuration' || name in input ? undefined : 'is required';
}

function readVariable(name: string, fromFile: boolean, env: NodeJS.ProcessEnv): Read {
  const value = env[name] === '' ? undefined : env[name];
  const file = fromFile && env[`${name}_FILE`] !== '' ? env[`${name}_FILE`] : undefined;
  if (file === undefined) return { value, source: value === undefined ? 'unset' : 'environment' };
  if (value !== undefined)
    return { value: undefined, source: 'unset', problem: `give ${name} or ${name}_FILE, not both` };
  try {
    return { value: readFileSync(file, 'utf8').replace(/\r?\n$/, ''), source: 'file' };
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    return { value: undefined, source: 'unset', problem: `${name}_FILE cannot be read (${reason})` };
  }
}

function describeValues(
  schema: z.ZodObject,
  values: Record<string, unknown>,
  sources: ReadonlyMap<string, ConfigEntry['source']>,
): ConfigEntry[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const value = values[name];
    const source = sources.get(name) ?? 'unset';
    const shown = value !== undefined && isSecret(field) ? '•••' : value;
    return { name, value: shown, source: source === 'unset' && value !== undefined ? 'default' : source };
  });
}
