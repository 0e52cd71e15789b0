import { parseArgs } from 'node:util';
import type { Transport } from './stack/stack.ts';

export interface FaultOptions {
  /** Faults or groups of them; empty: all. */
  names: readonly string[];
  /** Undefined: as the form has it. */
  cycles: number | undefined;
  seed: number;
  transport: Transport;
  brokers: 1 | 3;
  /** Operations a second. */
  rate: number;
  long: boolean;
  /** Goes on where the run with the same choices was stopped. */
  resume: boolean;
  /** Writes docs/reliability.md, as the long form always does. */
  write: boolean;
  /** Names are those of mutants: each has to be caught. */
  mutants: boolean;
}

/** Reads the command line. Throws TypeError for what it does not know. */
export function readOptions(args: readonly string[]): FaultOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      cycles: { type: 'string' },
      seed: { type: 'string', default: '1' },
      transport: { type: 'string', default: 'kafka' },
      brokers: { type: 'string', default: '1' },
      rate: { type: 'string', default: '100' },
      long: { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
      resume: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const { transport, brokers } = values;
  if (transport !== 'kafka' && transport !== 'postgres')
    throw new TypeError(`--transport ${transport}: kafka or postgres`);
  if (brokers !== '1' && brokers !== '3') throw new TypeError(`--brokers ${brokers}: 1 or 3`);
  return {
    names: positionals,
    cycles: values.cycles === undefined ? undefined : count('cycles', values.cycles),
    seed: count('seed', values.seed),
    transport,
    brokers: brokers === '3' ? 3 : 1,
    rate: count('rate', values.rate),
    long: values.long,
    resume: values.resume,
    write: values.write,
    mutants: values.mutants,
  };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`--${name} ${text}: a whole number from 1`);
  return value;
}
