import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

test('the short form on one broker is what nothing asks for', () => {
  expect(readOptions([])).toEqual({
    names: [],
    cycles: undefined,
    seed: 1,
    transport: 'kafka',
    brokers: 1,
    rate: 100,
    form: 'short',
    lanes: 1,
    minutes: 120,
    previous: 'HEAD',
    plan: false,
    resume: false,
    write: false,
    mutants: false,
  });
});

test('names, counts and choices are read', () => {
  const text = 'zombie link --cycles 20 --seed 7 --transport postgres --brokers 3 --long --lanes 2';
  expect(readOptions(text.split(' '))).toMatchObject({
    names: ['zombie', 'link'],
    cycles: 20,
    seed: 7,
    transport: 'postgres',
    brokers: 3,
    form: 'long',
    lanes: 2,
  });
});

test.each([
  ['--cycles', '0'],
  ['--seed', 'x'],
  ['--rate', '1.5'],
  ['--transport', 'carrier-pigeon'],
  ['--brokers', '2'],
  ['--fast', ''],
  ['--ci', '--long'],
])('%s %s is refused', (flag, value) => {
  expect(() => readOptions([flag, value])).toThrow(TypeError);
});
