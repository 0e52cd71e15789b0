import { setTimeout as delay } from 'node:timers/promises';
import type { Stack } from '../stack/stack.ts';
import { aroundFault, shortTimes, type Fault } from './fault.ts';
import { linkFaults } from './links.ts';
import { serverFaults } from './servers.ts';

/** Time between two faults. */
const pauseMs = 10_000;
const heapName = 'nodejs_heap_size_used_bytes';
/** The heap may be so much larger at the end; what a collector leaves lying varies by the second part. */
const grownMax = { share: 0.05, bytes: 8 * 1_048_576 };

interface Sample {
  process: string;
  pid: number;
  bytes: number;
}

async function measureHeaps({ processes }: Stack): Promise<Sample[]> {
  const samples = processes.map(async ({ name, pid, managementUrl }) => {
    const answer = await fetch(`${managementUrl}/metrics`, { signal: AbortSignal.timeout(20_000) }).catch(
      () => undefined,
    );
    const line = (await answer?.text())?.split('\n').find((each) => each.startsWith(heapName));
    const bytes = Number(line?.split(' ').at(-1));
    return pid === undefined || !Number.isFinite(bytes) ? [] : [{ process: name, pid, bytes }];
  });
  return (await Promise.all(samples)).flat();
}

/** The lowest that was seen is what is left after a collection. */
function lowest(samples: readonly Sample[]): Map<string, number> {
  const byProcess = Map.groupBy(samples, ({ process, pid }) => `${process} ${pid}`);
  return new Map([...byProcess].map(([name, own]) => [name, Math.min(...own.map(({ bytes }) => bytes))]));
}

/** Hours of load under faults drawn by chance, none of which replaces a process: what grows, grows. */
export function soak(minutes: number): Fault {
  const lastsMs = minutes * 60_000;
  return {
    name: 'soak',
    description:
      'faults of servers and links drawn by chance, one after the other; the heap of the second half is that of the first',
    mayFail: 'all',
    alone: true,
    onlyWhenNamed: true,
    lasts: (times) => aroundFault(times) + lastsMs,
    async strike(context) {
      const { stack, random, note, claim } = context;
      const usual = [...serverFaults, ...linkFaults].filter(
        ({ transports }) => transports === undefined || transports.includes(stack.transport),
      );
      const startedAt = performance.now();
      const samples: (Sample & { at: number })[] = [];
      let struck = 0;
      for (let at = 0; at < lastsMs; at = performance.now() - startedAt) {
        const fault = usual[Math.floor(random() * usual.length)]!;
        await fault.strike({ ...context, times: shortTimes });
        struck += 1;
        await delay(pauseMs);
        samples.push(...(await measureHeaps(stack)).map((sample) => ({ ...sample, at })));
      }
      note('faults', struck);
      // What a process loads on first use is no growth: the first quarter warms it up.
      const first = lowest(samples.filter(({ at }) => at >= lastsMs / 4 && at < lastsMs / 2));
      const second = lowest(samples.filter(({ at }) => at >= lastsMs / 2));
      for (const [process, bytes] of second) {
        const before = first.get(process);
        if (before === undefined) continue;
        note(
          `heap ${process.split(' ')[0]}`,
          `${Math.round(before / 1_048_576)} → ${Math.round(bytes / 1_048_576)} MiB`,
        );
        const allowed = before * (1 + grownMax.share) + grownMax.bytes;
        claim(bytes <= allowed, `the heap of ${process} grew from ${before} to ${bytes} bytes`);
      }
    },
  };
}
