import { cpus, totalmem } from 'node:os';
import type { Fault } from './faults/fault.ts';
import { judgesTimes } from './plan.ts';
import type { FaultOptions } from './options.ts';
import type { Finished } from './results.ts';

const invariants = `| Invariant | What holds after every cycle                                                                    |
| --------- | ----------------------------------------------------------------------------------------------- |
| I1        | every confirmed operation is in its owner's tables and in every effect and projection of it     |
| I2        | nothing was applied twice: sums constant, one effect row per event and consumer                 |
| I3        | every effect belongs to an operation that was confirmed or left open, none to a refused one     |
| I4        | per key the sequences applied by the order-keeping consumer are +1 each                         |
| I5        | every event produced has exactly one outcome with each consumer, and no other event has one     |
| I6        | the projection equals the owner's state, document by document                                   |
| I7        | the outside was told of each effect under one idempotency key                                   |
| I8        | no row, answer or log line of one tenant shows another                                          |
| I9        | processes that the fault does not touch answered at least 99.9 % of their requests              |
| I10       | memory, descriptors and connections are back at their level                                     |`;

/** docs/reliability.md of a run. */
export function reliabilityPage(
  options: FaultOptions,
  faults: readonly Fault[],
  finished: readonly Finished[],
  skipped: ReadonlyMap<string, string>,
): string {
  const rows = faults.flatMap((fault) => {
    const cycles = finished.filter((entry) => entry.fault === fault.name);
    return cycles.length === 0 ? [] : [rowOf(fault, cycles)];
  });
  const { seed, transport, brokers, rate, lanes, form } = options;
  const common = `${form === 'short' ? '' : `--${form} `}--transport ${transport} --brokers ${brokers} --rate ${rate} --lanes ${lanes} --seed ${seed}`;
  const missing = [...skipped].map(([name, why]) => `\n- \`${name}\` was not tried: ${why}`).join('');
  return `# Reliability under faults

Real services in processes of their own on a real PostgreSQL, Redis and ${transport === 'kafka' ? `Kafka (brokers: ${brokers})` : 'the PostgreSQL bus'}, under a
load of ${rate} operations a second by 16 clients of two tenants: transfers of a test ledger over events, services of the catalog that come,
change and go, reads. Each cycle strikes once, heals, waits until nothing moves and checks everything that was ever done.

Measured on ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${lanes} such stacks side by side. Repeat all: \`npm run fault -- ${common} --write\` (\`--resume\` goes on after a stop, \`--plan\` tells how long it takes); one row: \`npm run fault -- <name> ${common}\`.
The rate is what the clients ask for; a machine that is busy, with other stacks for one, gives less and takes longer to start a service.
The checker itself is tried: \`npm run fault -- --mutants --cycles 3\` runs the ledger with known defects and has to find each.
${judgesTimes(options) ? '' : 'I9 judges broken connections and 5xx here; answers that were late (no answer within 5 s, 503, 504), which "Others answered" counts as none, are judged by the long form with one stack alone (`--long --lanes 1`).\n'}"Seen at" names the commits at which the cycles of a row were run, \`+\` when files had been changed.

${invariants}

| Fault | What happens | Cycles | Operations | Left open | Sent twice | Others answered | Still after (worst) | Start to ready (worst) | Seen at | Violations |
| ----- | ------------ | ------ | ---------- | --------- | ---------- | --------------- | ------------------- | ---------------------- | ------- | ---------- |
${rows.join('\n')}
${missing}`;
}

function rowOf({ name, description }: Fault, cycles: readonly Finished[]): string {
  const results = cycles.map(({ result }) => result);
  const sum = (pick: (result: Finished['result']) => number) => results.reduce((total, each) => total + pick(each), 0);
  const starts = results.map(({ notes }) => Number(notes['startToReadyMs'] ?? 0));
  const tries = sum(({ spared }) => spared.tries);
  const cells = [
    `\`${name}\``,
    description,
    cycles.length,
    sum(({ operations }) => operations),
    sum(({ unknown }) => unknown),
    sum(({ doubles }) => doubles),
    tries === 0
      ? ''
      : `${(100 * (1 - sum(({ spared }) => spared.failed + spared.late) / tries)).toFixed(2)} % of ${tries}`,
    seconds(Math.max(...results.map(({ quietAfterMs }) => quietAfterMs))),
    Math.max(...starts) === 0 ? '' : seconds(Math.max(...starts)),
    [...new Set(cycles.map(({ revision }) => revision))].join(', '),
    sum(({ violations }) => violations.length),
  ];
  return `| ${cells.join(' | ')} |`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
