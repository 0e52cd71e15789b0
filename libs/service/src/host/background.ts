import { setTimeout as pause } from 'node:timers/promises';
import type { Logger, Metrics } from '@idp/telemetry';

/** Work that goes on beside requests for as long as the service runs. */
export interface BackgroundTask {
  /** Kebab-case; also the label of its metric. */
  name: string;
  /** Ends when `signal` aborts. A task that throws is started again after a pause that doubles up to 30 s. */
  run(signal: AbortSignal): Promise<void>;
  /** Milliseconds between the end of one run and the start of the next; without it a run that ends is not repeated. */
  everyMs?: number;
}

/** State of one task, for `/info`. */
export interface BackgroundStatus {
  name: string;
  state: 'running' | 'waiting' | 'ended';
  failures: number;
}

/** Starts background work and ends it with the service. */
export interface BackgroundRunner {
  start(task: BackgroundTask): void;
  /** Runs `work` once, without waiting for it; a failure is logged. */
  run(name: string, work: (signal: AbortSignal) => Promise<void>): void;
  status(): BackgroundStatus[];
  /** Aborts everything and waits for it, at most `deadlineMs`; returns the names of what did not end in time. */
  stop(deadlineMs: number): Promise<string[]>;
}

const firstPauseMs = 500;
const longestPauseMs = 30_000;

/** One runner per service; after `stop` it starts nothing more. */
export function createBackgroundRunner({ logger, metrics }: { logger: Logger; metrics: Metrics }): BackgroundRunner {
  const abort = new AbortController();
  const tasks = new Map<BackgroundStatus, Promise<void>>();
  const failures = metrics.counter('background_task_failures_total', 'Runs that threw', ['task']);

  function begin(task: BackgroundTask, repeatOnError: boolean): void {
    if (abort.signal.aborted) return;
    const status: BackgroundStatus = { name: task.name, state: 'running', failures: 0 };
    const failed = (error: unknown): void => {
      status.failures++;
      failures.inc({ task: task.name });
      logger.error({ err: error, task: task.name, attempt: status.failures }, 'background task failed');
    };
    const done = keepRunning({ task, status, repeatOnError, signal: abort.signal, failed }).finally(() => {
      status.state = 'ended';
      if (!repeatOnError) tasks.delete(status);
    });
    tasks.set(status, done);
  }

  return {
    start: (task) => begin(task, true),
    run: (name, work) => begin({ name, run: work }, false),
    status: () => [...tasks.keys()].map((status) => ({ ...status })),
    async stop(deadlineMs) {
      abort.abort();
      const all = Promise.all(tasks.values());
      const ended = await Promise.race([all.then(() => true), pause(deadlineMs, false, { ref: false })]);
      return ended ? [] : [...tasks.keys()].filter((status) => status.state !== 'ended').map((status) => status.name);
    },
  };
}

async function keepRunning(options: {
  task: BackgroundTask;
  status: BackgroundStatus;
  repeatOnError: boolean;
  signal: AbortSignal;
  failed: (error: unknown) => void;
}): Promise<void> {
  const { task, status, repeatOnError, signal, failed } = options;
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    status.state = 'running';
    let waitMs = task.everyMs;
    try {
      await task.run(signal);
      pauseMs = firstPauseMs;
    } catch (error) {
      if (signal.aborted) return;
      failed(error);
      if (!repeatOnError) return;
      waitMs = pauseMs;
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
    if (waitMs === undefined) return;
    status.state = 'waiting';
    // An abort ends the pause; there is nothing to report about it.
    await pause(waitMs, undefined, { signal }).catch(() => undefined);
  }
}
