import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { markProcess } from '@idp/tools';

/** One service in a process of its own, as `runService` starts it. */
export interface ServiceProcess {
  /** `ledger-1`. */
  readonly name: string;
  readonly url: string;
  readonly managementUrl: string;
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  /** All that its processes printed. */
  readonly logFile: string;
  /** Resolves when it is ready, with the milliseconds that took. `root`: another checkout of the product. */
  start(more?: Readonly<Record<string, string>>, root?: string): Promise<number>;
  kill(): Promise<void>;
  /** SIGTERM; killed when it does not end. Answers its exit code. */
  stop(): Promise<number | null>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process has ended, e.g. at a failpoint; false when it has not after `timeoutMs`. */
  ended(timeoutMs: number): Promise<boolean>;
  ready(): Promise<boolean>;
  /** Whether it says of itself that it is alive, whatever it waits for. */
  healthy(): Promise<boolean>;
}

export interface ServiceProcessOptions {
  name: string;
  main: string;
  /** Arguments of Node before the file, e.g. a mutant's. */
  execArgv: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Where it runs: what has no place of its own, like mails, comes to lie there. */
  directory: string;
  logFile: string;
}

const ownRoot = new URL('../../../', import.meta.url).pathname;
const triesMax = 4;
const readyTimeoutMs = 180_000;
const stopTimeoutMs = 30_000;

export function createServiceProcess(options: ServiceProcessOptions): ServiceProcess {
  const { name, main, execArgv, env, directory, logFile } = options;
  const log: WriteStream = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  const url = `http://127.0.0.1:${env['PORT']}`;
  const managementUrl = `http://127.0.0.1:${env['MANAGEMENT_PORT']}`;
  let child: ChildProcess | undefined;
  let gone: Promise<unknown> = Promise.resolve();

  async function probe(path: string, timeoutMs: number): Promise<boolean> {
    const answer = await fetch(managementUrl + path, { signal: AbortSignal.timeout(timeoutMs) }).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.status === 200;
  }

  const ready = () => probe('/readyz', 2_000);

  async function start(more: Readonly<Record<string, string>> = {}, root = ownRoot, tries = 1): Promise<number> {
    const startedAt = performance.now();
    const started = spawn(process.execPath, [...execArgv, join(root, relative(ownRoot, main))], {
      cwd: directory,
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    if (started.pid !== undefined) markProcess(`${logFile}.process`, started.pid);
    for (const stream of [started.stdout, started.stderr]) stream.pipe(log, { end: false });
    gone = once(started, 'exit').then(() => {
      if (child === started) child = undefined;
    });
    while (!(await ready())) {
      if (child !== started) {
        const output = await lastOutput(logFile);
        // On a busy machine a first connection may take too long: whoever supervises the process starts it again.
        if (tries < triesMax && /cannot be reached/.test(output.slice(-200))) return start(more, root, tries + 1);
        throw new Error(`${name} ended while it started: ${output}`);
      }
      if (performance.now() - startedAt > readyTimeoutMs)
        throw new Error(`${name} is not ready: ${await lastOutput(logFile)}`);
      await delay(50);
    }
    return Math.round(performance.now() - startedAt);
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const ending = child;
    if (ending === undefined) return null;
    ending.kill('SIGCONT');
    ending.kill(signal);
    const timer = setTimeout(() => ending.kill('SIGKILL'), stopTimeoutMs);
    await gone;
    clearTimeout(timer);
    return ending.exitCode;
  }

  return {
    name,
    url,
    managementUrl,
    logFile,
    get pid() {
      return child?.pid;
    },
    start,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    signal: (signal) => void child?.kill(signal),
    ended: (timeoutMs) => Promise.race([gone.then(() => true), delay(timeoutMs, false)]),
    ready,
    healthy: () => probe('/healthz', 20_000),
  };
}

async function lastOutput(logFile: string): Promise<string> {
  return (await readFile(logFile, 'utf8')).slice(-1_000);
}
