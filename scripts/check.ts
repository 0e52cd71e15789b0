// `npm run check`: format, lint with folder rules, types, unused code, protobuf, generated files, migrations.
// `npm run fix` runs the same list and repairs what its tools can repair.
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

interface Step {
  name: string;
  command: string[];
  fix?: string[];
}

const steps: Step[] = [
  {
    name: 'format',
    command: ['prettier', '--check', '--log-level=warn', '.'],
    fix: ['prettier', '--write', '--log-level=warn', '.'],
  },
  { name: 'lint', command: ['oxlint', '--deny-warnings'], fix: ['oxlint', '--fix'] },
  { name: 'types', command: ['tsc', '--noEmit', '-p', '.'] },
  { name: 'unused', command: ['knip'] },
  { name: 'protobuf', command: ['node', 'scripts/check-proto.ts'] },
  { name: 'generated', command: ['node', 'scripts/generate.ts', '--check'], fix: ['node', 'scripts/generate.ts'] },
  { name: 'migrations', command: ['node', 'scripts/check-migrations.ts'] },
  { name: 'settings', command: ['node', 'scripts/check-configuration.ts'] },
  { name: 'links', command: ['node', 'scripts/check-links.ts'] },
];

interface Outcome {
  step: Step;
  code: number;
  output: string;
  seconds: number;
}

function run(step: Step, command: string[]): Promise<Outcome> {
  const [program = '', ...args] = command;
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ step, code: code ?? 1, output, seconds: (performance.now() - started) / 1000 }),
    );
  });
}

function report({ step, code, output, seconds }: Outcome): void {
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${step.name.padEnd(12)} ${seconds.toFixed(1)} s`);
  if (code !== 0) console.log(output.trimEnd());
}

const fixing = process.argv.includes('--fix');
const failed: string[] = [];
for (const step of steps) {
  const outcome = await run(step, fixing ? (step.fix ?? step.command) : step.command);
  report(outcome);
  if (outcome.code !== 0) failed.push(step.name);
}
if (failed.length > 0) {
  console.log(
    `\ncheck failed: ${failed.join(', ')}${fixing ? '' : '; `npm run fix` repairs format, lint and generated files'}`,
  );
  process.exit(1);
}
