import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const require = createRequire(import.meta.url);

/** The folder with buf.yaml. */
export const protoDirectory = new URL('../../../../proto/', import.meta.url);

/** Runs buf in proto/. Rejects with buf's own output when it finds something. Needs neither network nor git history. */
export async function buf(...args: string[]): Promise<string> {
  const plugins = join(dirname(require.resolve('@bufbuild/protoc-gen-es/package.json')), 'bin');
  try {
    const { stdout } = await run(process.execPath, [bufCommand(), ...args], {
      cwd: fileURLToPath(protoDirectory),
      env: { ...process.env, PATH: [plugins, dirname(process.execPath), process.env['PATH']].join(delimiter) },
      timeout: 60_000,
    });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`buf ${args.join(' ')} failed\n${stdout}${stderr}`, { cause: error });
  }
}

function bufCommand(): string {
  return join(dirname(require.resolve('@bufbuild/buf/package.json')), 'bin', 'buf');
}
