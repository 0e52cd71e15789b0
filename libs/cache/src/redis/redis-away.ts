/** Redis did not answer in time or is not connected. Callers go on without it. */
export class RedisAwayError extends Error {
  override readonly name = 'RedisAwayError';
}
