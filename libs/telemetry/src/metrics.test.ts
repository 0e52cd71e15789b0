import { expect, test } from 'vitest';
import { collectProcessMetrics, createMetrics, renderMetrics } from './index.ts';

test('asking twice for a metric returns the same one', () => {
  const metrics = createMetrics('demo');
  expect(metrics.counter('a_total', 'A')).toBe(metrics.counter('a_total', 'A'));
  expect(metrics.gauge('b', 'B')).toBe(metrics.gauge('b', 'B'));
  expect(metrics.histogram('c_seconds', 'C')).toBe(metrics.histogram('c_seconds', 'C'));
});

test('registries of one process merge without mixing: one TYPE per name, a series per service', async () => {
  const [one, two] = [createMetrics('one'), createMetrics('two')];
  one.counter('requests_total', 'Requests', ['code']).inc({ code: 'a' }, 2);
  two.counter('requests_total', 'Requests', ['code']).inc({ code: 'a' }, 3);
  const text = await renderMetrics([one.registry, two.registry]);
  expect(text.match(/# TYPE requests_total counter/g)).toHaveLength(1);
  expect(text).toMatch(/requests_total\{[^}]*service="one"[^}]*\} 2/);
  expect(text).toMatch(/requests_total\{[^}]*service="two"[^}]*\} 3/);
});

test('process metrics are there and can be ended', async () => {
  const metrics = createMetrics('host');
  using collecting = collectProcessMetrics(metrics);
  expect(collecting).toBeDefined();
  const text = await metrics.registry.metrics();
  for (const name of [
    'process_resident_memory_bytes',
    'nodejs_eventloop_utilization_ratio',
    'nodejs_eventloop_delay_seconds',
    'process_start_time_seconds',
  ]) {
    expect(text).toContain(name);
  }
});

test('values that cannot be had are left out, and hide no others', async () => {
  const metrics = createMetrics('test');
  let isAway = false;
  metrics.gauge('lag', 'Lag', ['consumer'], async function () {
    if (isAway) throw new Error('the broker is away');
    this.set({ consumer: 'a' }, 3);
  });
  metrics.gauge('rows', 'Rows', [], function () {
    if (isAway) throw new Error('the database is away');
    this.set(2);
  });
  metrics.gauge('mode', 'Mode', [], function () {
    this.set(1);
  });
  const lines = async () => (await metrics.registry.metrics()).split('\n').filter((line) => /^[a-z]/.test(line));
  const here = ['lag{consumer="a",service="test"} 3', 'rows{service="test"} 2', 'mode{service="test"} 1'];
  expect(await lines()).toEqual(here);
  isAway = true;
  expect(await lines()).toEqual(['mode{service="test"} 1']);
  isAway = false;
  expect(await lines()).toEqual(here);
});
