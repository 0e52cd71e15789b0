import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Row } from '../row.ts';

interface Start {
  seconds: number;
  residentMebibytes: number;
}

const [port, managementPort] = [28_080, 28_464];

/** Starts the host as `npm start` does after installation, waits for a healthy answer and stops it. */
async function startOnce(directory: string): Promise<Start> {
  const began = performance.now();
  const child = spawn('node', ['--disable-proto=throw', 'gateway/embedded/main.ts'], {
    env: { ...process.env, IDP_DATA_DIR: directory, PORT: String(port), MANAGEMENT_PORT: String(managementPort) },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  while (!(await isHealthy())) {
    if (child.exitCode !== null) throw new Error(`the host ended with code ${child.exitCode}`);
    await pause(20);
  }
  const seconds = (performance.now() - began) / 1000;
  // Reading the example directory goes on after the first healthy answer: memory is read when it has settled.
  await pause(3000);
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
  child.kill('SIGTERM');
  await exited;
  return { seconds, residentMebibytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024 };
}

async function isHealthy(): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/health`).catch(() => undefined);
  const body = (await answer?.json().catch(() => undefined)) as { data?: { status?: string } } | undefined;
  return body?.data?.status === 'ok';
}

/** How long a person waits for a healthy platform, and what it takes of the laptop's memory. */
export const start: Row = {
  name: 'start',
  suite: 'host',
  async run() {
    const directory = await mkdtemp(join(tmpdir(), 'idp-bench-start-'));
    const first = await startOnce(directory);
    const later = [await startOnce(directory), await startOnce(directory), await startOnce(directory)];
    await rm(directory, { recursive: true });
    const slowest = Math.max(...later.map(({ seconds }) => seconds));
    const resident = Math.max(first.residentMebibytes, ...later.map(({ residentMebibytes }) => residentMebibytes));
    const laterTimes = later.map(({ seconds }) => `${seconds.toFixed(1)} s`).join(', ');
    return {
      name: 'start',
      title: 'npm start, after installation',
      figures: [],
      claims: [
        { text: 'first start to healthy, as part of 12 s', ratio: first.seconds / 12, limit: 1, bound: 'at-most' },
        { text: 'slowest later start to healthy, as part of 5 s', ratio: slowest / 5, limit: 1, bound: 'at-most' },
        {
          text: 'resident memory of the Node process, as part of 300 MiB',
          ratio: resident / 300,
          limit: 1,
          bound: 'at-most',
        },
      ],
      notes: [
        `first start ${first.seconds.toFixed(1)} s, later starts ${laterTimes}`,
        `resident memory ${Math.round(resident)} MiB with the example directory read`,
      ],
    };
  },
};
