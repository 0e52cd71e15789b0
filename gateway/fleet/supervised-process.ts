import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@idp/telemetry';
import { createServerProcess, preparePrivateFolder } from '@idp/tools';

/** One process of the fleet. */
export interface ProcessProgram {
  /** `catalog`. */
  name: string;
  /** File that Node runs. */
  main: string;
  env: Readonly<Record<string, string>>;
}

/** Where processes leave their pid and what they print. */
export interface ProcessPlace {
  /** Holds `run/` and `logs/`. */
  directory: string;
  log: Logger;
}

const tracingModule = import.meta.resolve('@idp/telemetry/tracing');
const readyTimeoutMs = 120_000;
const stopTimeoutMs = 10_000;
const restartMs = { first: 1_000, longest: 30_000 };
/** A process that has run this long is not ending again and again. */
const steadyMs = 60_000;

/**
 * Starts a process and resolves when it says that it is ready. One that ends by itself is started again after a second, later and
 * later while it goes on ending. What it prints is appended to `<directory>/logs/<name>.log`.
 */
export async function startProcess(
  { name, main, env }: ProcessProgram,
  { directory, log }: ProcessPlace,
): Promise<{ stop(): Promise<void> }> {
  const [runs, logs] = [join(directory, 'run'), join(directory, 'logs')];
  await preparePrivateFolder(runs);
  await preparePrivateFolder(logs);
  const output = createWriteStream(join(logs, `${name}.log`), { flags: 'a', mode: 0o600 });
  const stopping = new AbortController();
  let pauseMs = restartMs.first;
  let startedAt = 0;

  const server = createServerProcess({
    name,
    markFile: join(runs, name),
    directory: process.cwd(),
    ready: () => isReady(`http://127.0.0.1:${env['MANAGEMENT_PORT']}/readyz`),
    readyTimeoutMs,
    stopTimeoutMs,
    onLog: (line) => output.write(`${line}\n`),
    onEnded: (how) => void restart(how),
    command: () => ({ program: process.execPath, args: ['--disable-proto=throw', ...tracing(env), main], env }),
  });

  async function start(): Promise<void> {
    await server.start();
    startedAt = performance.now();
  }

  async function restart(how: string): Promise<void> {
    if (performance.now() - startedAt > steadyMs) pauseMs = restartMs.first;
    while (!stopping.signal.aborted) {
      log.warn({ process: name, how, pauseMs }, 'a process has ended and is started again');
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, restartMs.longest);
      if (stopping.signal.aborted) return;
      try {
        await start();
        log.info({ process: name }, 'the process is ready again');
        return;
      } catch (error) {
        how = (error as Error).message;
      }
    }
  }

  await start();
  return {
    async stop() {
      stopping.abort();
      await server.stop();
      output.end();
    },
  };
}

/** Instruments what is loaded after it; without a collector it is left out, for it takes memory. */
function tracing(env: ProcessProgram['env']): string[] {
  return env['OTEL_EXPORTER_OTLP_ENDPOINT'] === undefined ? [] : ['--import', tracingModule];
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await answer.body?.cancel();
  return answer.status === 200;
}
