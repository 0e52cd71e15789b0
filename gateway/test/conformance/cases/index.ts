import type { Group } from '../case.ts';
import { answers } from './answers.ts';
import { apiKeys } from './api-keys.ts';
import { cors } from './cors.ts';
import { errors } from './errors.ts';
import { hygiene } from './hygiene.ts';
import { limits } from './limits.ts';
import { paths } from './paths.ts';
import { rateLimits } from './rate-limits.ts';
import { resilience } from './resilience.ts';
import { routing } from './routing.ts';
import { streams } from './streams.ts';
import { tokens } from './tokens.ts';
import { versions } from './versions.ts';

/** Every case, in the groups of the specification. */
export const groups: readonly Group[] = [
  { name: 'routing', cases: routing },
  { name: 'paths', cases: paths },
  { name: 'versions and aliases', cases: versions },
  { name: 'JWT', cases: tokens },
  { name: 'API keys', cases: apiKeys },
  { name: 'hygiene and smuggling', cases: hygiene },
  { name: 'CORS', cases: cors },
  { name: 'rate limits', cases: rateLimits },
  { name: 'errors', cases: errors },
  { name: 'resilience', cases: resilience },
  { name: 'streams', cases: streams },
  { name: 'limits', cases: limits },
  { name: 'headers and logs', cases: answers },
];
