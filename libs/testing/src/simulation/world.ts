/** What a simulation needs of fast-check's scheduler. */
export interface StepScheduler {
  schedule<T>(task: Promise<T>, label?: string): Promise<T>;
}

export interface WorldOptions {
  scheduler: StepScheduler;
  /** Decides everything that is not an order of steps; the same seed gives the same run. */
  seed: number;
  /** Chance of a crash at one step. */
  crashChance: number;
}

/** One life of a simulated process. Whatever it does to the outside it does after a step. */
export interface SimulatedProcess {
  readonly name: string;
  /** Waits for its turn. A process that dies here never goes on: nothing of it runs any more, as after SIGKILL. */
  step(label: string): Promise<void>;
  /** What the outside does when the process dies: a server rolls its transactions back. */
  onDeath(undo: () => void): () => void;
}

/** Processes, a clock and chance, all in one thread: which step comes next is the scheduler's choice. */
export interface World {
  random(): number;
  /** True with this chance while there is chaos; never afterwards. */
  chance(probability: number): boolean;
  /** Milliseconds; moves when told. */
  now(): number;
  advance(ms: number): void;
  readonly crashes: number;
  /** Runs `life` until it ends by itself; after a crash it begins anew. */
  run(name: string, life: (process: SimulatedProcess) => Promise<void>): Promise<void>;
  /** From now on nothing fails. */
  calm(): void;
}

export function createWorld({ scheduler, seed, crashChance }: WorldOptions): World {
  const random = createRandom(seed);
  let calm = false;
  let time = 0;
  let crashes = 0;
  const chance = (probability: number): boolean => !calm && random() < probability;

  function begin(name: string): { process: SimulatedProcess; died: Promise<'died'> } {
    const { promise: died, resolve } = Promise.withResolvers<'died'>();
    const undone = new Set<() => void>();
    let dead = false;
    const process: SimulatedProcess = {
      name,
      async step(label) {
        await scheduler.schedule(Promise.resolve(), `${name}: ${label}`);
        if (!dead && chance(crashChance)) {
          dead = true;
          crashes += 1;
          for (const undo of undone) undo();
          resolve('died');
        }
        if (dead) await new Promise<never>(() => undefined);
      },
      onDeath(undo) {
        undone.add(undo);
        return () => void undone.delete(undo);
      },
    };
    return { process, died };
  }

  return {
    random,
    chance,
    now: () => time,
    advance: (ms) => void (time += ms),
    get crashes() {
      return crashes;
    },
    async run(name, life) {
      for (;;) {
        const { process, died } = begin(name);
        if ((await Promise.race([life(process), died])) !== 'died') return;
      }
    },
    calm: () => void (calm = true),
  };
}

/** Mulberry32: 0 ≤ x < 1, the whole state in 32 bits. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
