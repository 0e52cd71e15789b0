// A process of its own that runs the probe's jobs, for tests that kill and freeze it. Reads ADMIN_URL and PREFIX; says `ready`.
// A job labelled `killer…` ends the process, one labelled `slow…` takes a while, one labelled `freezer…` stops the process FREEZES times.
import { setTimeout as sleep } from 'node:timers/promises';
import { createWakeSignal } from '@idp/events';
import { createJobRuntime, defineQueue } from '../../src/index.ts';
import { openService, service, type ProbeTables } from '../service.ts';
import { label, record, type Label } from '../record.ts';
import { quickTiming } from '../timing.ts';

const { ADMIN_URL, PREFIX, CONCURRENCY = '10', CLOCK_SHIFT_MS = '0', FREEZES = '0' } = process.env;
if (ADMIN_URL === undefined || PREFIX === undefined) throw new Error('ADMIN_URL and PREFIX are needed');
// What this process takes for the time of day.
const now = Date.now;
const shifted = (): number => now() + Number(CLOCK_SHIFT_MS);
globalThis.Date = class extends Date {
  static override now = shifted;
  constructor(...args: unknown[]) {
    super(...((args.length === 0 ? [shifted()] : args) as [number]));
  }
} as DateConstructor;

const { database, metrics, logger } = openService({ adminUrl: ADMIN_URL, prefix: PREFIX });

let freezes = Number(FREEZES);

const queue = defineQueue<Label, ProbeTables>({
  name: 'record',
  payload: label,
  leaseSeconds: 1,
  attemptsMax: 1_000,
  backoff: { firstMs: 10, maxMs: 20 },
  concurrency: Number(CONCURRENCY),
  async handler(job) {
    if (job.payload.label.startsWith('killer')) process.kill(process.pid, 'SIGKILL');
    if (job.payload.label.startsWith('slow')) await sleep(20);
    if (job.payload.label.startsWith('freezer') && freezes > 0) {
      freezes -= 1;
      process.kill(process.pid, 'SIGSTOP');
    }
    await job.transaction((tx) => record(tx, job), { unaudited: 'test' });
  },
});

const runtime = createJobRuntime({
  service,
  database,
  wake: createWakeSignal(),
  metrics,
  logger,
  env: process.env,
  timing: quickTiming,
});
runtime.start({ queues: [queue] });
process.stdout.write('ready\n');
// A service has its server; nothing here keeps the process but this.
setInterval(() => undefined, 60_000);
process.on('SIGTERM', () => {
  const stop = async (): Promise<void> => {
    await runtime.stop(2_000);
    await database[Symbol.asyncDispose]();
    process.exit(0);
  };
  void stop();
});
