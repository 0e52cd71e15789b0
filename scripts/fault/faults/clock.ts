import { readdirSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { aroundFault, type Fault } from './fault.ts';

/** Forwards, far back, and home again: the last one is a jump back, too. */
const offsets = ['+300', '-300', '+300', '+0'];

/** Debian's `libfaketime`, the build for programs with threads. */
function findLibrary(): string | undefined {
  const root = '/usr/lib';
  if (process.platform !== 'linux' || !existsSync(root)) return undefined;
  return readdirSync(root)
    .map((folder) => join(root, folder, 'faketime', 'libfaketimeMT.so.1'))
    .find((file) => existsSync(file));
}

/** One process whose clock is wrong and jumps while it works. Time that only passes (CLOCK_MONOTONIC) is left alone. */
export const clockFaults: Fault[] = [
  {
    name: 'clock-jumps',
    description: 'the clock of ledger-1 is 5 minutes fast, then 5 slow, then fast, then right',
    mayFail: ['ledger-1'],
    lasts: (times) => aroundFault(times) + 9_000 + offsets.length * (times.outageMs / 2),
    missing: () => (findLibrary() === undefined ? 'needs libfaketime (Debian: faketime)' : undefined),
    async strike({ stack, times, note, answers, claim }) {
      const ledger = stack.process('ledger-1');
      const file = join(stack.directory, 'clock');
      writeFileSync(file, '+0\n');
      await ledger.stop();
      await ledger.start({
        LD_PRELOAD: findLibrary()!,
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      });
      const from = performance.now();
      for (const offset of offsets) {
        writeFileSync(file, `${offset}\n`);
        await delay(times.outageMs / 2);
      }
      const answered = answers().filter(({ at, process }) => at > from && process === 'ledger-1');
      const failed = answered.filter(({ status }) => status !== undefined && status >= 500 && status !== 503);
      note('answered', answered.length);
      note('unauthorized', answered.filter(({ status }) => status === 401).length);
      claim(failed.length === 0, `${failed.length} of ${answered.length} requests failed with a wrong clock`);
      await ledger.stop();
      await ledger.start();
    },
  },
];
