import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWakeSignal, type WakeSignal } from '@idp/events';
import { createJobRuntime, type AnyQueue, type JobRuntime } from '@idp/jobs';
import { startPostgres } from '@idp/tools';
import { openService, prepare, service, type Address, type ServiceHandle } from '../../../libs/jobs/test/service.ts';

/** A service with jobs on a server of its own. */
export interface Stage extends AsyncDisposable {
  address: Address;
  service: ServiceHandle;
  /** Another process of the service, as far as commits tell nobody here of them. */
  elsewhere: ServiceHandle;
  /** Runs jobs; with `ROLE` `api`, from elsewhere, only says that there are some. */
  run(queues: readonly AnyQueue[], options?: { wake?: WakeSignal; from?: 'service' | 'elsewhere' }): JobRuntime;
}

export async function openStage(): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'idp-bench-jobs-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const postgres = await startPostgres({ directory });
  stack.defer(() => postgres.stop());
  const address = { adminUrl: postgres.adminUrl, prefix: 'bench_' };
  await prepare(address);
  const open = (): ServiceHandle => {
    // As it runs in production: without what tests look at behind every COMMIT.
    const handle = openService(address, 'production');
    stack.defer(() => handle.database[Symbol.asyncDispose]());
    return handle;
  };
  const [here, elsewhere] = [open(), open()];
  return {
    address,
    service: here,
    elsewhere,
    run(queues, { wake = createWakeSignal(), from = 'service' } = {}) {
      const { database, metrics, logger } = from === 'service' ? here : elsewhere;
      const env = from === 'service' ? {} : { ROLE: 'api' };
      const runtime = createJobRuntime({ service, database, wake, metrics, logger, env });
      runtime.start({ queues });
      return runtime;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The value below which `share` of all lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
