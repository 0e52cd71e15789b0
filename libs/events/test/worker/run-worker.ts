import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Probe } from '../probe.ts';

const script = fileURLToPath(new URL('./worker.ts', import.meta.url));

export interface Worker extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Resolves when it has nothing left to do. Rejects when it ends before. */
  readonly drained: Promise<void>;
  /** Resolves with the signal that ended it. Rejects when it ended by itself. */
  readonly ended: Promise<NodeJS.Signals>;
}

/** Starts worker.ts on the servers of a probe; disposing of it kills it. */
export function startWorker(
  { address, carrier }: Pick<Probe, 'address' | 'carrier'>,
  env: Readonly<Record<string, string>> = {},
  execArgv: readonly string[] = [],
): Worker {
  const { adminUrl, prefix } = address;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...execArgv, script], {
    env: { PATH: process.env['PATH'], ADMIN_URL: adminUrl, PREFIX: prefix, ...carrier.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const drained = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'drained') drained.resolve();
  });
  const ended = (once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>).then(([code, signal]) => {
    if (signal === null) throw new Error(`the worker ended with ${code}`);
    return signal;
  });
  ended.then((signal) => drained.reject(new Error(`the worker was ended by ${signal}`)), drained.reject);
  drained.promise.catch(() => undefined);
  return {
    child,
    drained: drained.promise,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended.catch(() => undefined);
    },
  };
}

/** Runs the worker until it dies of its failpoint or has nothing left to do, and then kills it. Resolves with which of them. */
export async function runWorker(
  probe: Pick<Probe, 'address' | 'carrier'>,
  env: Readonly<Record<string, string>> = {},
): Promise<'killed' | 'drained'> {
  await using worker = startWorker(probe, env);
  const killed = worker.ended.then((signal) => {
    if (signal !== 'SIGKILL') throw new Error(`the worker was ended by ${signal}`);
    return 'killed' as const;
  });
  const drained = worker.drained.then(
    () => 'drained' as const,
    () => killed,
  );
  // Awaited here: what is not needed any more is killed at the end of this function.
  return await Promise.race([drained, killed]);
}
