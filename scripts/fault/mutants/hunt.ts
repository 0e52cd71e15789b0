import { join } from 'node:path';
import type { AnyService } from '@idp/service';
import { seededRandom } from '@idp/testing/faults';
import { shortTimes } from '../faults/fault.ts';
import type { Violation } from '../checks/check.ts';
import { StillMovingError } from '../checks/quiet.ts';
import { faults } from '../faults/index.ts';
import type { FaultOptions } from '../options.ts';
import { runCycle } from '../run-cycle.ts';
import { startStack } from '../stack/stack.ts';
import { createHistory } from '../workload/history.ts';
import type { Mutant } from './mutants.ts';

/** What a busy machine alone can bring about. */
const beside = new Set<Violation['invariant']>(['I9', 'I10', 'row']);

/** Runs the ledger with the defect under its fault, up to `cycles` times. Answers what gave it away, or undefined: it survived. */
export async function hunt(mutant: Mutant, ledger: AnyService, options: FaultOptions): Promise<string | undefined> {
  const { transport, brokers, seed, rate, cycles } = options;
  const fault = faults.find(({ name }) => name === mutant.fault);
  if (fault === undefined) throw new Error(`mutant ${mutant.name}: no fault ${mutant.fault}`);
  const register = new URL('./register.ts', import.meta.url).href;
  const env = { FAULT_MUTANT: mutant.name, FAULT_ROOT: import.meta.filename };
  await using stack = await startStack({
    transport,
    brokers,
    seed,
    ledger,
    ledgerArgv: ['--import', register],
    ledgerEnv: env,
  });
  const history = createHistory(join(stack.directory, 'history.jsonl'));
  for (let cycle = 1; cycle <= (cycles ?? 1); cycle++) {
    const random = seededRandom(seed + cycle);
    const times = shortTimes;
    const found = await runCycle({ stack, history, fault, random, times, rate, judgeTimes: false }).then(
      ({ violations }) =>
        violations.filter(({ invariant }) => !beside.has(invariant)).map(({ invariant }) => invariant),
      (error: unknown) => {
        if (error instanceof StillMovingError) return [error.message];
        throw error;
      },
    );
    if (found.length > 0) return [...new Set(found)].join(', ');
  }
  return undefined;
}
