import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Address } from './service.ts';

const script = fileURLToPath(new URL('./worker/worker.ts', import.meta.url));

export interface WorkerProcess {
  readonly pid: number;
  /** Resolves when it exits, with the signal that ended it. */
  readonly exited: Promise<NodeJS.Signals | null>;
  signal(signal: NodeJS.Signals): void;
}

/** Starts a worker in a process of its own and waits until it runs jobs. `clock` shifts what it takes for the time. */
export async function startWorker(address: Address, env: Record<string, string> = {}): Promise<WorkerProcess> {
  const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    env: {
      PATH: process.env['PATH'],
      LOG_LEVEL: process.env['LOG_LEVEL'],
      ADMIN_URL: address.adminUrl,
      PREFIX: address.prefix,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit').then(([, signal]) => signal as NodeJS.Signals | null);
  const ready = once(child.stdout!, 'data').then(() => undefined);
  await Promise.race([ready, exited.then((signal) => Promise.reject(new Error(`the worker ended with ${signal}`)))]);
  return { pid: child.pid!, exited, signal: (signal) => void child.kill(signal) };
}
