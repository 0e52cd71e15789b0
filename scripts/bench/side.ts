import { fork } from 'node:child_process';
import { once } from 'node:events';

/** One measured process: a server under load whose own CPU time is the figure that decides. */
export interface Side extends AsyncDisposable {
  readonly name: string;
  /** Values the process announced when it was ready: `url`, and what the row needs besides. */
  readonly ready: Readonly<Record<string, string>>;
  /** CPU time used by the process so far, user and system, in microseconds. */
  cpuMicros(): Promise<number>;
  /** Resident memory in bytes. */
  residentBytes(): Promise<number>;
}

interface Usage {
  cpuMicros: number;
  residentBytes: number;
}

/**
 * Starts `file` as a child process and waits until it announces itself (see `announce`).
 * @throws Error when the process ends before it is ready; its output is in the message.
 */
export async function startSide(name: string, file: string, env: Record<string, string> = {}): Promise<Side> {
  const child = fork(file, {
    env: { ...process.env, ...env },
    execArgv: ['--disable-proto=throw'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  child.stderr?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${name} ended before it was ready:\n${output}`);
  });
  const [ready] = (await Promise.race([once(child, 'message'), ended])) as [Record<string, string>];
  ended.catch(() => undefined);
  const usage = async (): Promise<Usage> => {
    child.send('usage');
    const [answer] = (await once(child, 'message')) as [Usage];
    return answer;
  };
  return {
    name,
    ready,
    cpuMicros: async () => (await usage()).cpuMicros,
    residentBytes: async () => (await usage()).residentBytes,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Called by a measured process once it serves: tells the harness its values and answers its questions. */
export function announce(ready: Record<string, string>): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuMicros: user + system, residentBytes: process.memoryUsage().rss } satisfies Usage);
  });
  process.send?.(ready);
}
