import type { RedisConnection } from '../redis/redis-connection.ts';
import { defineScript } from '../redis/script.ts';
import { chargesOf } from './charges.ts';
import type { Charge, Step, StepResult } from './gcra.ts';
import type { LimitStore } from './limit-store.ts';
import { createMemoryLimits } from './memory-store.ts';

/**
 * `gcraStep` inside Redis, on its clock. KEYS: one for each charge. ARGV: step, then cost and capacity of each charge in microseconds.
 * Answers 1 or 0, the time and a number for each key. A number that nobody here wrote counts as none; one too far ahead is cut.
 */
const gcra = defineScript(`
local step = ARGV[1]
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
local tats, allowed = {}, 1
local texts = redis.call('MGET', unpack(KEYS))
for i = 1, #KEYS do
  local cost, capacity = tonumber(ARGV[i * 2]), tonumber(ARGV[i * 2 + 1])
  local text = texts[i]
  local tat = text and #text < 20 and tonumber(text) or now
  if not (tat > now) then tat = now end
  if tat > now + capacity then tat = now + capacity end
  tats[i] = tat
  if step ~= 'refund' and tat + cost - now > capacity then allowed = 0 end
end
if allowed == 1 and step ~= 'peek' then
  for i, key in ipairs(KEYS) do
    local cost = tonumber(ARGV[i * 2])
    if step == 'refund' then tats[i] = math.max(now, tats[i] - cost) else tats[i] = tats[i] + cost end
    if tats[i] > now then
      redis.call('SET', key, string.format('%.0f', tats[i]), 'PX', math.ceil((tats[i] - now) / 1000))
    else
      redis.call('DEL', key)
    end
  end
end
local answer = { allowed, now }
for i = 1, #tats do answer[i + 2] = tats[i] end
return answer`);

/**
 * Limits shared by all processes on one Redis. While it is away each process counts by itself, with its part of every limit: never
 * open, and never closed.
 */
export function createRedisLimits(options: { redis: RedisConnection; replicas?: number }): LimitStore {
  const { redis, replicas = 1 } = options;
  const memory = createMemoryLimits({ replicas });
  let fallbacks = 0;

  async function run(step: Step, charges: readonly Charge[]): Promise<StepResult> {
    const keys: string[] = [];
    const values: (string | number)[] = [step];
    for (const { key, cost, capacity } of charges) {
      keys.push(key);
      values.push(cost, capacity);
    }
    const answer = (await redis.script(gcra, keys, values)) as number[];
    return { allowed: answer[0] === 1, now: answer[1]!, tats: answer.slice(2) };
  }

  return {
    async apply(step, tag, rated) {
      const charges = chargesOf(tag, rated);
      try {
        const { allowed, now, tats } = await run(step, charges);
        // Units of a Redis that went away come back by themselves.
        return { allowed, now, tats, charges, refund: () => run('refund', charges).then(ignore, ignore) };
      } catch {
        fallbacks += 1;
        return memory.apply(step, tag, rated);
      }
    },
    fallbacks: () => fallbacks,
  };
}

const ignore = (): void => undefined;
