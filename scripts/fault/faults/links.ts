import { setTimeout as delay } from 'node:timers/promises';
import type { Fault as LinkFault } from '@idp/testing/faults';
import type { Stack } from '../stack/stack.ts';
import { aroundFault, type Fault, type FaultContext, type FaultTimes } from './fault.ts';

interface Way {
  server: 'postgres' | 'kafka' | 'redis';
  /** Links of the stack that lead to it. */
  names(stack: Stack): string[];
  mayFail: Fault['mayFail'];
}

const ways: Way[] = [
  { server: 'postgres', names: () => ['ledger-1/postgres'], mayFail: ['ledger-1'] },
  { server: 'kafka', names: ({ kafka }) => (kafka?.brokers ?? []).map(({ id }) => `kafka-${id}`), mayFail: [] },
  { server: 'redis', names: () => ['redis'], mayFail: [] },
];

const kinds: { name: string; words: string; fault: LinkFault }[] = [
  { name: 'cut', words: 'is cut: connections reset, new ones refused', fault: { kind: 'cut' } },
  { name: 'half-open', words: 'is silent both ways, connections stay open', fault: { kind: 'silent' } },
  { name: 'deaf', words: 'brings no answers, requests arrive', fault: { kind: 'silent', direction: 'down' } },
  { name: 'resets', words: 'resets connections now and then', fault: { kind: 'reset', probability: 0.01 } },
  { name: 'drip', words: 'lets one byte a second through', fault: { kind: 'drip', bytesPerSecond: 1 } },
  { name: 'slow', words: 'takes 500 ms', fault: { kind: 'latency', delayMs: 500, jitterMs: 100, direction: 'down' } },
];

async function during(fault: LinkFault, names: readonly string[], { stack, times }: FaultContext): Promise<void> {
  await Promise.all(names.map((name) => stack.link(name).apply(fault)));
  try {
    await delay(times.outageMs);
  } finally {
    await Promise.all(names.map((name) => stack.link(name).heal()));
  }
}

/** Every way to a server with every trouble a network makes. */
export const linkFaults: Fault[] = ways.flatMap(({ server, names, mayFail }) =>
  kinds.map(({ name, words, fault }) => ({
    name: `link-${server}-${name}`,
    description: `the way to ${server} ${words}`,
    mayFail,
    lasts: (times: FaultTimes) => aroundFault(times) + times.outageMs + (server === 'kafka' ? 4_000 : 0),
    ...(server === 'kafka' ? { transports: ['kafka'] as const } : {}),
    strike: (context: FaultContext) => during(fault, names(context.stack), context),
  })),
);
