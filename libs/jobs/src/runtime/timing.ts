/** Times of the runtime, in milliseconds. */
export interface JobTiming {
  /** Longest time between two looks for what other processes enqueued and for what became due; the jitter is below it. */
  pollMs: number;
  /** How long after the end of a lease a job is taken from its owner. */
  graceMs: number;
  /** Part of the lease after which a beat is sent, and after which a process without an answer gives its jobs up. */
  beatShare: number;
  silenceShare: number;
  /** How often schedules are brought into line with the tenants there are. */
  tenantsMs: number;
  /** Jobs of a schedule per tenant are spread over so long. */
  spreadMs: number;
  purgeMs: number;
}

export const defaultTiming: JobTiming = {
  pollMs: 1_000,
  graceMs: 3_000,
  beatShare: 1 / 3,
  silenceShare: 2 / 3,
  tenantsMs: 15_000,
  spreadMs: 300_000,
  purgeMs: 3_600_000,
};
