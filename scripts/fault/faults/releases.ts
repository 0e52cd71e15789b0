import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { aroundFault, type Fault } from './fault.ts';

const execute = promisify(execFile);
const root = new URL('../../../', import.meta.url).pathname;
const tools = join(root, '.tools');

/** A checkout of another commit with its dependencies, which come from what is on this machine. */
async function checkOut(commit: string, directory: string): Promise<void> {
  await execute('git', ['clone', '--quiet', '--shared', '--no-checkout', root, directory]);
  await execute('git', ['-C', directory, 'checkout', '--quiet', '--detach', await revisionOf(commit)]);
  await symlink(tools, join(directory, '.tools'));
  const pnpm = join(tools, 'node_modules', 'pnpm', 'bin', 'pnpm.mjs');
  await execute(process.execPath, [pnpm, 'install', '--prefer-offline', '--frozen-lockfile'], { cwd: directory });
}

async function revisionOf(commit: string): Promise<string> {
  const { stdout } = await execute('git', ['-C', root, 'rev-parse', '--verify', `${commit}^{commit}`]);
  return stdout.trim();
}

/** Processes of a previous release beside those of this one, on one database and one bus, in every mixture. */
export function twoReleases(previous: string): Fault {
  return {
    name: 'two-releases',
    description: `ledger and catalog of ${previous} beside this release, rolled out and back one process after the other`,
    mayFail: 'all',
    onlyWhenNamed: true,
    lasts: (times) => aroundFault(times) + 60_000 + 4 * times.outageMs,
    async strike({ stack, times, note }) {
      const directory = join(stack.directory, 'previous');
      await checkOut(previous, directory);
      note('previous', await revisionOf(previous));
      for (const release of [directory, undefined]) {
        for (const name of ['ledger-2', 'catalog', 'ledger-1']) {
          const process = stack.process(name);
          await process.stop();
          await process.start({}, release);
          await delay(times.outageMs);
        }
      }
    },
  };
}
