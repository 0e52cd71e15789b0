import { parseArgs } from 'node:util';
import type { Transport } from './stack/stack.ts';

/** `ci`: one short cycle of each fault, counted like tests; `long`: for docs/reliability.md. */
export type Form = 'short' | 'ci' | 'long';

export interface FaultOptions {
  /** Faults or groups of them; empty: all. */
  names: readonly string[];
  /** Undefined: as the form has it. */
  cycles: number | undefined;
  seed: number;
  transport: Transport;
  brokers: 1 | 3;
  /** Operations a second of each stack's load. */
  rate: number;
  form: Form;
  /** Stacks that work side by side. */
  lanes: number;
  /** Goes on where the run with the same choices was stopped. */
  resume: boolean;
  /** Writes docs/reliability.md, as the long form always does. */
  write: boolean;
  /** Prints what would run and how long it takes, and runs nothing. */
  plan: boolean;
  /** Names are those of mutants: each has to be caught. */
  mutants: boolean;
  /** Of `soak`. */
  minutes: number;
  /** Commit of the release that `two-releases` starts beside this one. */
  previous: string;
}

/** What a form has where nothing else is said. An operation costs some 27 ms of a core: the stacks of a form leave two cores some air. */
const forms = {
  short: { rate: 100, lanes: 1 },
  ci: { rate: 12, lanes: 3 },
  long: { rate: 10, lanes: 4 },
} as const;

/** Reads the command line. Throws TypeError for what it does not know. */
export function readOptions(args: readonly string[]): FaultOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ci: { type: 'boolean', default: false },
      cycles: { type: 'string' },
      seed: { type: 'string', default: '1' },
      transport: { type: 'string', default: 'kafka' },
      brokers: { type: 'string', default: '1' },
      rate: { type: 'string' },
      lanes: { type: 'string' },
      long: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '120' },
      mutants: { type: 'boolean', default: false },
      plan: { type: 'boolean', default: false },
      previous: { type: 'string', default: 'HEAD' },
      resume: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const { transport, brokers, ci, long } = values;
  if (transport !== 'kafka' && transport !== 'postgres')
    throw new TypeError(`--transport ${transport}: kafka or postgres`);
  if (brokers !== '1' && brokers !== '3') throw new TypeError(`--brokers ${brokers}: 1 or 3`);
  if (ci && long) throw new TypeError('--ci --long: one of the two');
  const form = ci ? 'ci' : long ? 'long' : 'short';
  const { resume, write, plan, mutants, previous } = values;
  return {
    names: positionals,
    cycles: values.cycles === undefined ? undefined : count('cycles', values.cycles),
    seed: count('seed', values.seed),
    transport,
    brokers: brokers === '3' ? 3 : 1,
    rate: values.rate === undefined ? forms[form].rate : count('rate', values.rate),
    form,
    lanes: values.lanes === undefined ? forms[form].lanes : count('lanes', values.lanes),
    minutes: count('minutes', values.minutes),
    resume,
    write,
    plan,
    mutants,
    previous,
  };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`--${name} ${text}: a whole number from 1`);
  return value;
}
