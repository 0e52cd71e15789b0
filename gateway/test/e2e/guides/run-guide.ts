import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** What a guide asks of the machine, and the machine does not have. */
export function missingPrograms(programs: readonly string[]): string[] {
  return programs.filter((program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined);
}

/** Runs the script of a guide in a directory. Rejects with the line that failed and with what was printed last. */
export async function runGuide(script: string, { directory }: { directory: string }): Promise<string> {
  const file = join(directory, 'guide.sh');
  await writeFile(file, script);
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn('bash', ['--norc', '--noprofile', file], {
    cwd: directory,
    env: { PATH, HOME, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const [printed, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await exited) as [number | null];
  if (code !== 0) throw new Error(`the guide ended with ${code}\n${complaints}\n… ${printed.slice(-2_000)}`);
  return printed;
}
