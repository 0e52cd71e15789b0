import type { Queue } from '../define/queue.ts';
import type { ClaimedJob, ClaimWish } from '../store/claim.ts';

/** One queue in one process: what it runs, what it has claimed ahead, and what it still wants. */
export interface Lane {
  readonly queue: Queue;
  readonly buffered: number;
  /** There may be more to claim than was seen last. */
  wake(): void;
  /** What to claim now; undefined for nothing. `room` is what the process has left for all queues. */
  wish(room: number): ClaimWish | undefined;
  claimed(jobs: readonly ClaimedJob[], answer: { wished: number; after: string | undefined }): void;
  /** The next job to start that `may`, if the queue has room. */
  take(may: (job: ClaimedJob) => boolean): ClaimedJob | undefined;
  ended(): void;
  /** Worth a claim. */
  hungry(): boolean;
  /** Takes out a job that is no longer ours; false where it has begun. */
  forget(lost: ClaimedJob): boolean;
  /** Takes out everything that has not begun. */
  empty(): ClaimedJob[];
}

const firstTenant = '00000000-0000-0000-0000-000000000000';
const aheadMax = 256;
/** Jobs are claimed ahead for so long: short enough that another process would not have begun them much earlier. */
const aheadMs = 50;

export function createLane(queue: Queue): Lane {
  let active = 0;
  let buffer: ClaimedJob[] = [];
  let after = firstTenant;
  let dry = false;
  /** Mean time between two ends, in milliseconds: what is claimed ahead follows it. */
  let pace = 1_000;
  let endedAt = performance.now();

  const ahead = (): number =>
    queue.tenantConcurrency === undefined ? Math.min(aheadMax, Math.floor(aheadMs / pace)) : 0;

  return {
    queue,
    get buffered() {
      return buffer.length;
    },
    wake: () => void (dry = false),
    wish(room) {
      const free = Math.max(0, Math.min(queue.concurrency - active, room) - buffer.length);
      const limit = Math.min(queue.concurrency - active, room) + ahead() - buffer.length;
      if (dry || limit <= 0 || buffer.length > ahead() / 2) return undefined;
      const { name, leaseSeconds, tenantConcurrency } = queue;
      return { queue: name, limit, free, after, leaseSeconds, tenantConcurrency };
    },
    claimed(jobs, answer) {
      buffer.push(...jobs);
      after = answer.after ?? after;
      dry = jobs.length < answer.wished;
    },
    take(may) {
      if (active >= queue.concurrency) return undefined;
      const index = buffer.findIndex(may);
      if (index < 0) return undefined;
      active += 1;
      return buffer.splice(index, 1)[0];
    },
    ended() {
      active -= 1;
      const now = performance.now();
      pace += 0.1 * (Math.min(1_000, now - endedAt) - pace);
      pace = Math.max(pace, 0.05);
      endedAt = now;
      // A tenant at its limit hides jobs that can run now.
      if (queue.tenantConcurrency !== undefined) dry = false;
    },
    hungry: () => !dry && buffer.length <= ahead() / 2,
    forget(lost) {
      const before = buffer.length;
      buffer = buffer.filter((job) => job !== lost);
      return buffer.length < before;
    },
    empty() {
      const left = buffer;
      buffer = [];
      return left;
    },
  };
}
