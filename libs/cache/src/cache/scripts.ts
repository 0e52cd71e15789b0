import { defineScript } from '../redis/script.ts';

/**
 * What was written by anybody: `1|<version or ->|<microseconds>|…`. True where `kept` is newer than a value of `version` whose
 * load began at `start`: by version where both have one, else by time. Foreign bytes, and times to come, are older than everything.
 */
const newer = `
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
local function newer(kept, version, start, orEqual)
  if type(kept) ~= 'string' then return false end
  local v, s = string.match(kept, '^1|([%d-]+)|(%d+)|')
  v = tonumber(v)
  s = tonumber(s)
  if not s or s > now then return false end
  if v and version then return v > version end
  return s > start or (orEqual and s == start)
end
`;

/**
 * KEYS: values. ARGV: most bytes to read of each. Answers the time in microseconds, then bytes and milliseconds left of each;
 * `''` where there is none, `-1` for something that is no string.
 */
export const readValues = defineScript(`
local t = redis.call('TIME')
local answer = { tonumber(t[1]) * 1000000 + tonumber(t[2]) }
for _, key in ipairs(KEYS) do
  local text = redis.pcall('GETRANGE', key, 0, ARGV[1])
  if type(text) ~= 'string' then
    answer[#answer + 1] = -1
    answer[#answer + 1] = -1
  else
    answer[#answer + 1] = text
    answer[#answer + 1] = text == '' and -2 or redis.call('PTTL', key)
  end
end
return answer`);

/**
 * KEYS: value, floor, then floor and members of each tag. ARGV: version or '-', microseconds when the load began or '-' for now,
 * milliseconds to live, body, name of the value among the members. Answers 1, or 0 where something newer is there or a delete came in between.
 */
export const writeValue = defineScript(`${newer}
local version = tonumber(ARGV[1])
local start = tonumber(ARGV[2]) or now
if newer(redis.pcall('GETRANGE', KEYS[2], 0, 63), version, start, true) then return 0 end
if newer(redis.pcall('GETRANGE', KEYS[1], 0, 63), version, start, false) then return 0 end
for i = 3, #KEYS, 2 do
  if newer(redis.pcall('GETRANGE', KEYS[i], 0, 63), nil, start, true) then return 0 end
end
local life = tonumber(ARGV[3])
redis.call('SET', KEYS[1], '1|' .. ARGV[1] .. '|' .. string.format('%.0f', start) .. '|' .. ARGV[4], 'PX', life)
for i = 4, #KEYS, 2 do
  if redis.call('TYPE', KEYS[i]).ok ~= 'set' then redis.call('DEL', KEYS[i]) end
  redis.call('SADD', KEYS[i], ARGV[5])
  if redis.call('PTTL', KEYS[i]) < life then redis.call('PEXPIRE', KEYS[i], life) end
end
return 1`);

/** KEYS: value, floor. ARGV: version or '-', milliseconds the floor stays. A value at this version or above stays. */
export const deleteValue = defineScript(`${newer}
local function versionOf(kept)
  if type(kept) ~= 'string' then return nil end
  return tonumber(string.match(kept, '^1|(%d+)|'))
end
local version = tonumber(ARGV[1])
local kept = versionOf(redis.pcall('GETRANGE', KEYS[1], 0, 63))
if not (version and kept and kept >= version) then redis.call('DEL', KEYS[1]) end
local floor = versionOf(redis.pcall('GETRANGE', KEYS[2], 0, 63))
if floor and (not version or floor > version) then version = floor end
local text = version and string.format('%.0f', version) or '-'
redis.call('SET', KEYS[2], '1|' .. text .. '|' .. string.format('%.0f', now) .. '|', 'PX', ARGV[2])
return 1`);

/** KEYS: floor of the tag. ARGV: milliseconds it stays. Loads that began before and carry the tag are not kept. */
export const raiseTagFloor = defineScript(`${newer}
redis.call('SET', KEYS[1], '1|-|' .. string.format('%.0f', now) .. '|', 'PX', ARGV[1])
return 1`);
