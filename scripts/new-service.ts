// `npm run new:service <name> [resource]`: a working service with one resource, one event, one consumer and tests.
import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { namesOf } from './new-service/names.ts';
import { registerService } from './new-service/register-service.ts';
import { writeService } from './new-service/write-service.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function run(...command: string[]): void {
  const [program = '', ...args] = command;
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command.join(' ')} failed`);
}

try {
  const [service, resource = 'note'] = process.argv.slice(2);
  const names = namesOf(service, resource, await readdir(`${root}/services`));
  const written = await writeService(root, names);
  const changed = await registerService(root, names);
  run('node', `${root}/.tools/node_modules/pnpm/bin/pnpm.mjs`, 'install', '--no-frozen-lockfile', '--prefer-offline');
  run('node', 'scripts/generate.ts');
  run('prettier', '--write', '--log-level=warn', ...written.filter((file) => /\.(ts|md|json)$/.test(file)), ...changed);
  console.log(`\nservices/${names.service} is ready: npm test -- services/${names.service}, npm start`);
} catch (error) {
  console.error(`new:service: ${(error as Error).message}`);
  process.exit(1);
}
