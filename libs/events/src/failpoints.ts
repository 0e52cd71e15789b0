import { EventConfigurationError } from './errors.ts';

/** Places where a test may have the process die at once. */
export const failpointNames = [
  'relay.beforePublish',
  'relay.afterAck',
  'consumer.afterEffect',
  'consumer.beforeOffset',
  'park.beforeCommit',
  'jobs.beforeFinish',
  'redrive.beforeCommit',
] as const;

export type Failpoint = (typeof failpointNames)[number];

/** Kills the process with SIGKILL when the named place is reached the n-th time. */
export type Failpoints = (name: Failpoint) => void;

/** Reads `FAILPOINT` (`<name>` or `<name>:<n>`). Throws EventConfigurationError for an unknown name, and in production. */
export function createFailpoints(env: Readonly<Record<string, string | undefined>>): Failpoints {
  const setting = env['FAILPOINT'];
  if (setting === undefined || setting === '') return () => undefined;
  if (env['NODE_ENV'] === 'production') throw new EventConfigurationError('FAILPOINT is refused in production');
  const [name, count = '1'] = setting.split(':');
  if (!failpointNames.includes(name as Failpoint) || !/^[1-9]\d*$/.test(count)) {
    throw new EventConfigurationError(`FAILPOINT: unknown place ${setting}`);
  }
  let left = Number(count);
  return (reached) => {
    if (reached !== name) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  };
}
