import { describe, expect, test, vi } from 'vitest';
import { createTelemetry } from '@idp/telemetry';
import { createBackgroundRunner } from './background.ts';

/** For conditions that come true at once on an idle machine. */
const patience = { timeout: 20_000 };

function runner() {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const telemetry = createTelemetry({ service: 'demo', version: '1', level: 'info', destination });
  return { background: createBackgroundRunner(telemetry), lines };
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

describe('a background task', () => {
  test('that throws is logged and started again', async () => {
    const { background, lines } = runner();
    let runs = 0;
    background.start({
      name: 'flaky',
      async run(signal) {
        if (++runs === 1) throw new Error('first');
        await untilAborted(signal);
      },
    });
    await vi.waitFor(() => expect(runs).toBe(2), { timeout: 5000 });
    expect(lines[0]).toMatchObject({ level: 'error', task: 'flaky', attempt: 1, err: { message: 'first' } });
    expect(background.status()).toEqual([{ name: 'flaky', state: 'running', failures: 1 }]);
    expect(await background.stop(1000)).toEqual([]);
  });

  test('with a period runs again, and stops in its pause', async () => {
    const { background } = runner();
    let runs = 0;
    background.start({ name: 'often', everyMs: 1, run: async () => void runs++ });
    await vi.waitFor(() => expect(runs).toBeGreaterThan(3), patience);
    background.start({ name: 'rarely', everyMs: 60_000, run: async () => undefined });
    await vi.waitFor(
      () => expect(background.status().at(-1)).toMatchObject({ name: 'rarely', state: 'waiting' }),
      patience,
    );
    expect(await background.stop(1000)).toEqual([]);
  });

  test('that does not listen is named when the runner stops', async () => {
    const { background } = runner();
    background.start({ name: 'deaf', run: () => new Promise(() => undefined) });
    expect(await background.stop(20)).toEqual(['deaf']);
  });

  test('is not started after the stop', async () => {
    const { background } = runner();
    await background.stop(1);
    let started = false;
    background.run('late', async () => void (started = true));
    expect([started, background.status()]).toEqual([false, []]);
  });

  test('run once is forgotten when it ends; its failure is logged, not thrown', async () => {
    const { background, lines } = runner();
    background.run('once', () => Promise.reject(new Error('no')));
    await vi.waitFor(() => expect(background.status()).toEqual([]), patience);
    expect(lines).toHaveLength(1);
  });
});
