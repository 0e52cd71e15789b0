import { expect, it } from 'vitest';
import { createFailpoints } from '../src/failpoints.ts';
import { openProbe } from './probe.ts';
import { killedProcesses } from './suites/killed-processes.ts';

killedProcesses('the PostgreSQL bus', () => openProbe('reader.probe'));

it('refuses failpoints in production, and unknown ones', () => {
  expect(() => createFailpoints({ FAILPOINT: 'relay.afterAck', NODE_ENV: 'production' })).toThrow(/production/);
  expect(() => createFailpoints({ FAILPOINT: 'relay.sometimes' })).toThrow(/unknown/);
  expect(() => createFailpoints({ NODE_ENV: 'production' })).not.toThrow();
});
