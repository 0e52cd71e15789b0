import { expect, test } from 'vitest';
import { allFaults } from './faults/index.ts';
import { chooseFaults, expectedMs, planUnits } from './plan.ts';

const faults = allFaults({ minutes: 1, previous: 'HEAD' });
const kafka = { names: [], transport: 'kafka' } as const;

test('names and groups choose, and transports leave out what they do not have', () => {
  expect(chooseFaults(faults, { ...kafka, names: ['zombie', 'kill'] }).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['zombie', 'kill-auth', 'kill-catalog']),
  );
  const onPostgres = chooseFaults(faults, { names: [], transport: 'postgres' }).map(({ name }) => name);
  expect(onPostgres).not.toContain('broker-stop');
  expect(onPostgres).toContain('postgres-restart');
});

test('what only runs when named is no part of a campaign', () => {
  const named = faults.filter(({ onlyWhenNamed }) => onlyWhenNamed === true);
  expect(named.map(({ name }) => name)).toEqual(['soak', 'two-releases']);
  for (const fault of named) {
    expect(chooseFaults(faults, kafka)).not.toContain(fault);
    expect(chooseFaults(faults, { ...kafka, names: [fault.name] })).toEqual([fault]);
  }
});

test('what is for the long form alone is left out of CI, unless it is named', () => {
  const long = faults.filter(({ longFormOnly }) => longFormOnly === true);
  expect(long).not.toHaveLength(0);
  expect(chooseFaults(faults, kafka)).toEqual(expect.arrayContaining(long));
  for (const fault of long) {
    expect(chooseFaults(faults, { ...kafka, form: 'ci' })).not.toContain(fault);
    expect(chooseFaults(faults, { ...kafka, form: 'ci', names: [fault.name] })).toEqual([fault]);
  }
});

test('no two faults have one name', () => {
  expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
});

test('the form of CI fits into six minutes', () => {
  const units = planUnits(chooseFaults(faults, { ...kafka, form: 'ci' }), { form: 'ci', cycles: undefined });
  expect(units.every(({ cycle }) => cycle === 1)).toBe(true);
  expect(expectedMs(units, 3)).toBeLessThan(6 * 60_000);
});

test('the long form tries each fault 20 times, or 5 times where a cycle takes longer than half a minute, in 80 minutes', () => {
  const units = planUnits(chooseFaults(faults, kafka), { form: 'long', cycles: undefined });
  for (const own of Map.groupBy(units, ({ fault }) => fault).values()) {
    expect(own).toHaveLength(own[0]!.ms > 30_000 ? 5 : 20);
  }
  expect(expectedMs(units, 4)).toBeLessThan(80 * 60_000);
});

test('lanes share the units, the longest first', () => {
  const units = planUnits(faults.slice(0, 3), { form: 'short', cycles: 2 });
  expect(units.map(({ ms }) => ms)).toEqual(units.map(({ ms }) => ms).toSorted((one, other) => other - one));
  expect(expectedMs(units, 2)).toBeLessThan(expectedMs(units, 1));
});
