// `npm run fault -- [<name> …] [--cycles n] [--seed s] [--transport postgres|kafka] [--rate n] [--long] [--resume] [--write]`, `… --mutants [<name> …]`: strikes real
// services under load and proves that nothing was lost, doubled, disordered or mixed. Ends with 1 on a violation.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom } from '@idp/testing/faults';
import { faults } from './faults/index.ts';
import { longTimes, shortTimes, type Fault } from './faults/fault.ts';
import { registerLedger } from './ledger/event-types.ts';
import { hunt } from './mutants/hunt.ts';
import { mutants } from './mutants/mutants.ts';
import { readOptions } from './options.ts';
import { reliabilityPage } from './report.ts';
import { openResults } from './results.ts';
import { runCycle } from './run-cycle.ts';
import { startStack } from './stack/stack.ts';
import { createHistory } from './workload/history.ts';

registerLedger();
const { ledger } = await import('./ledger/service.ts');
const options = readOptions(process.argv.slice(2));
if (options.mutants) {
  let survivors = 0;
  for (const mutant of mutants.filter(({ name }) => options.names.length === 0 || options.names.includes(name))) {
    const found = await hunt(mutant, ledger, options);
    if (found === undefined) survivors += 1;
    console.log(
      `${found === undefined ? 'SURVIVED' : 'caught'} ${mutant.name} (${mutant.fault}): ${found ?? mutant.description}`,
    );
  }
  process.exit(survivors === 0 ? 0 : 1);
}

const chosen = faults.filter(
  ({ name, transports }) =>
    (options.names.length === 0 || options.names.some((wanted) => name === wanted || name.startsWith(`${wanted}-`))) &&
    (transports === undefined || transports.includes(options.transport)),
);
if (chosen.length === 0) {
  console.error(
    `no fault of this name on ${options.transport}; there are ${faults.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

/** In the long form what takes longer than half a minute comes less often. */
const cyclesOf = ({ quick }: Fault): number => options.cycles ?? (options.long ? (quick === true ? 20 : 5) : 1);

let broken = 0;
const results = openResults(options);
const startedAt = performance.now();
const stack = await startStack({
  transport: options.transport,
  brokers: options.brokers,
  seed: options.seed,
  ledger,
});
console.log(
  `seed ${options.seed}, transport ${stack.transport}, ${options.rate} operations/s, files in ${stack.directory}`,
);
// The first signal ends in order; servers of a run that is killed are found by the next one.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stack[Symbol.asyncDispose]().then(() => process.exit(130)));
}
try {
  const history = createHistory(join(stack.directory, 'history.jsonl'));
  const times = options.long ? longTimes : shortTimes;
  for (const fault of chosen) {
    for (let cycle = 1; cycle <= cyclesOf(fault); cycle++) {
      if (results.has(fault.name, cycle)) continue;
      const random = seededRandom(options.seed + cycle);
      const result = await runCycle({ stack, history, fault, random, times, rate: options.rate });
      results.add({ fault: fault.name, cycle, at: new Date().toISOString(), result });
      const { violations, notes, ...counts } = result;
      const figures = Object.entries({ ...counts, ...notes }).map(([name, value]) => `${name} ${value}`);
      console.log(`${violations.length === 0 ? 'holds' : 'BROKEN'} ${fault.name} ${cycle}: ${figures.join(', ')}`);
      for (const { invariant, what } of violations) console.error(`  ${invariant}: ${what}`);
      broken += violations.length;
    }
  }
} finally {
  await stack[Symbol.asyncDispose]();
}
if (options.long || options.write)
  await writeFile('docs/reliability.md', reliabilityPage(options, faults, results.finished));
console.log(`${Math.round((performance.now() - startedAt) / 1000)} s, ${broken} violations`);
process.exit(broken === 0 ? 0 : 1);
