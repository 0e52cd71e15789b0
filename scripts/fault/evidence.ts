import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { faultFolder } from './results.ts';
import type { Stack } from './stack/stack.ts';

/** Keeps what the processes printed and what the clients did, in place of what was kept under that name before. */
export function keepEvidence(stack: Stack, name: string): void {
  const folder = join(faultFolder(), 'evidence', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const { logFile, name: process } of stack.processes) cpSync(logFile, join(folder, `${process}.log`));
  cpSync(join(stack.directory, 'history.jsonl'), join(folder, 'history.jsonl'), { force: true });
  console.error(`  logs and history: ${folder}`);
}
