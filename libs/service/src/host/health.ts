import type { BackgroundTask } from './background.ts';

/** One thing readiness depends on. */
export interface HealthCheck {
  name: string;
  ok: boolean;
  /** Seconds since it was looked at. */
  ageSeconds: number;
  message?: string;
}

/** State of a service as its probes show it. */
export interface Health {
  started: boolean;
  ready: boolean;
  checks: HealthCheck[];
}

/** Start and drain flags of a service, and the last word of its probe. */
export interface HealthState {
  markStarted(): void;
  markDraining(): void;
  health(): Health;
  /** Looks at the dependency every second, so that probes cost nothing however often they come. */
  probe: BackgroundTask;
}

const probeEveryMs = 1000;
const probeTimeoutMs = 1000;
const failuresToFlip = 3;

/** Readiness follows the database alone, and only after three failures in a row: one slow second takes no replica away. */
export function createHealthState({ check }: { check: () => Promise<void> }): HealthState {
  let started = false;
  let draining = false;
  let failures = 0;
  let checkedAt = performance.now();
  let message: string | undefined;

  async function look(): Promise<void> {
    try {
      await withTimeout(check());
      failures = 0;
      message = undefined;
    } catch (error) {
      failures++;
      message = error instanceof Error ? error.message : 'failed';
    }
    checkedAt = performance.now();
  }

  return {
    markStarted: () => void (started = true),
    markDraining: () => void (draining = true),
    probe: { name: 'database-probe', everyMs: probeEveryMs, run: look },
    health() {
      const ok = failures < failuresToFlip;
      const ageSeconds = Math.round((performance.now() - checkedAt) / 100) / 10;
      const database: HealthCheck = { name: 'database', ok, ageSeconds };
      if (message !== undefined) database.message = message;
      return { started, ready: started && !draining && ok, checks: [database] };
    },
  };
}

async function withTimeout(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${probeTimeoutMs} ms`)), probeTimeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
