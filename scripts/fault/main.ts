// `npm run fault -- [<name> …] [--cycles n] [--seed s] [--transport postgres|kafka] [--rate n] [--lanes n] [--ci | --long] [--resume] [--plan] [--write]`,
// `… --mutants [<name> …]`: strikes real services under load and proves that nothing was lost, doubled, disordered or mixed.
// `… soak --minutes n` and `… two-releases --previous <commit>` run only when named.
// Its last line is the verdict; ends with 1 on a violation, 2 on a wrong command line, 130 when it was stopped.
import { allFaults } from './faults/index.ts';
import { describePlan, runCampaign, type Outcome } from './campaign.ts';
import { registerLedger } from './ledger/event-types.ts';
import { hunt } from './mutants/hunt.ts';
import { mutants, simulated } from './mutants/mutants.ts';
import { readOptions, type FaultOptions } from './options.ts';
import { chooseFaults, planUnits } from './plan.ts';
import { removeAbandonedStacks } from './stack/abandoned.ts';
import { openVerdict } from './verdict.ts';

const startedAt = performance.now();
const verdict = openVerdict();
const options = read();
registerLedger();
const { ledger } = await import('./ledger/service.ts');

try {
  if (options.mutants) await huntAll();
  else await runAll();
} catch (error) {
  console.error(error);
  verdict.close(`0 passed, 1 failed: the campaign could not go on (${seconds()} s)`, 1);
}

function read(): FaultOptions {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    return verdict.close(`fault: ${(error as Error).message}`, 2);
  }
}

async function runAll(): Promise<never> {
  const faults = allFaults(options);
  const chosen = chooseFaults(faults, options);
  if (chosen.length === 0) {
    const names = faults.map(({ name }) => name).join(', ');
    verdict.close(`no fault of this name on ${options.transport}; there are ${names}`, 2);
  }
  if (options.plan) {
    const units = planUnits(chosen, options);
    for (const fault of chosen) {
      const own = units.filter((unit) => unit.fault === fault);
      console.log(`${fault.name}: ${own.length} × ${(own[0]!.ms / 1000).toFixed(1)} s, ${fault.description}`);
    }
    verdict.close(describePlan(options, units, units), 0);
  }
  const { interrupted } = verdict;
  const outcome = await runCampaign({ options, faults: chosen, ledger, interrupted });
  return verdict.close(...lastWord(outcome));
}

/** One fault counts as one test. */
function lastWord({ passed, failed, skipped, left }: Outcome): [string, number] {
  const skips = skipped.size === 0 ? '' : `, ${skipped.size} skipped (${[...skipped.keys()].join(', ')})`;
  const names = failed.length === 0 ? '' : `: ${failed.join(', ')}`;
  const counts = `${passed.length} passed, ${failed.length} failed${skips}`;
  if (left > 0) return [`stopped with ${left} cycles left, --resume goes on (${counts}${names})`, 130];
  return [`${counts} (${seconds()} s)${names}`, failed.length === 0 ? 0 : 1];
}

async function huntAll(): Promise<never> {
  await removeAbandonedStacks();
  const { names } = options;
  const wanted = mutants.filter(({ name }) => names.length === 0 || names.includes(name));
  if (wanted.length === 0) verdict.close(`no such mutant; there are ${mutants.map(({ name }) => name).join(', ')}`, 2);
  const survivors: string[] = [];
  for (const mutant of wanted) {
    const found = await hunt(mutant, ledger, options);
    if (found === undefined) survivors.push(mutant.name);
    const word = found === undefined ? 'SURVIVED' : 'caught';
    console.log(`${word} ${mutant.name} (${mutant.fault}): ${found ?? mutant.description}`);
  }
  if (names.length === 0)
    for (const { name, command } of simulated) console.log(`${name} is the simulation's to find: ${command}`);
  const counts = `${wanted.length - survivors.length} passed, ${survivors.length} failed`;
  return verdict.close(`${counts} (${seconds()} s)`, survivors.length === 0 ? 0 : 1);
}

function seconds(): number {
  return Math.round((performance.now() - startedAt) / 1000);
}
