import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from '@idp/telemetry';
import type { PlatformDoor } from '@idp/database';
import type { JobTiming } from '../runtime/timing.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import { look, promoteDue, purge } from '../store/maintain.ts';
import { sweepSerialKeys } from '../store/serial.ts';
import { onPlatform } from '../store/statement.ts';
import { reapExpired } from './reap.ts';

export interface MaintenanceOptions {
  service: string;
  door: PlatformDoor;
  queues: readonly string[];
  timing: JobTiming;
  random: () => number;
  logger: Logger;
  scheduler: Scheduler;
  /** There is something to claim. */
  kick(): void;
}

export interface Maintenance {
  /** Something is due after so many milliseconds. */
  expect(delayMs: number): void;
  sweepSoon(): void;
  stop(): Promise<void>;
}

const sweepEveryMs = 2_000;
const sweepAgainMs = 20;

/**
 * Looks once a second, with one cheap statement, for what other processes enqueued, what became due, leases that ran out and serial
 * keys without a holder, and acts on what it finds. Known due times bring the next look forward.
 */
export function startMaintenance(options: MaintenanceOptions): Maintenance {
  const { door, queues, scheduler, timing, random, logger, kick } = options;
  const outside = AsyncLocalStorage.snapshot();
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Infinity;
  let running: Promise<void> | undefined;
  let sweptAt = 0;
  let purgedAt = performance.now();
  let stopping = false;

  function expect(delayMs: number): void {
    if (stopping) return;
    // Later than the next look is early enough to know then; a timer holds 24 days at most.
    const at = performance.now() + Math.min(Math.max(0, delayMs), 2 * timing.pollMs);
    if (at >= dueAt) return;
    dueAt = at;
    clearTimeout(timer);
    timer = outside(() => setTimeout(begin, Math.max(0, at - performance.now())));
    timer.unref();
  }

  function begin(): void {
    dueAt = Infinity;
    // A round that is under way may have looked before what is due now was there.
    if (running !== undefined) return void running.then(() => expect(0));
    running = round()
      .catch((error: unknown) => logger.warn({ err: error }, 'the jobs could not be looked at'))
      .finally(() => {
        running = undefined;
        expect(timing.pollMs * (0.7 + 0.2 * random()));
      });
  }

  async function round(): Promise<void> {
    await scheduler.align();
    const request = { queues, schedules: scheduler.names, graceMs: timing.graceMs };
    const found = await door.transaction((tx) => look(onPlatform(tx.db), request), { readOnly: true });
    let { ready } = found;
    if (found.scheduleMs !== null && found.scheduleMs <= 0) {
      ready = (await scheduler.tick()) || ready;
      expect(0);
    } else if (found.scheduleMs !== null) {
      expect(found.scheduleMs);
    }
    if (found.dueMs !== null && found.dueMs <= 0) {
      ready = (await door.transaction((tx) => promoteDue(onPlatform(tx.db)))) > 0 || ready;
      expect(0);
    } else if (found.dueMs !== null) {
      expect(found.dueMs);
    }
    if (found.expired) ready = (await reapExpired(options)) || ready;
    if (found.waiting && performance.now() - sweptAt >= sweepEveryMs) ready = (await sweep()) || ready;
    if (ready) kick();
    if (performance.now() - purgedAt < timing.purgeMs) return;
    purgedAt = performance.now();
    await door.transaction((tx) => purge(onPlatform(tx.db)));
  }

  async function sweep(): Promise<boolean> {
    sweptAt = performance.now();
    return (await door.transaction((tx) => sweepSerialKeys(onPlatform(tx.db)))) > 0;
  }

  expect(0);
  return {
    expect,
    sweepSoon() {
      sweptAt = 0;
      expect(sweepAgainMs);
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await running;
    },
  };
}
