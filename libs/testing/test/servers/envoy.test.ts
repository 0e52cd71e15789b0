import { expect, test } from 'vitest';
import { testEnvoy } from '../../src/index.ts';

const binary = await testEnvoy();

test('every file gets an Envoy that is new enough to run', () => {
  expect(binary.version).toMatch(/^1\.(4\d|[5-9]\d)\./);
});
