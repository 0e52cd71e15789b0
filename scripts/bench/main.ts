// `npm run bench [-- <suite or row> …] [--json] [--write] [--quick]`: prints every row with peer, ratio, limit and verdict; ends with 1 on a miss.
import { readFile, writeFile } from 'node:fs/promises';
import type { MeasureOptions } from './measure.ts';
import { performancePage, terminalText } from './report.ts';
import { holds, type Row, type RowResult } from './row.ts';
import { auditSeal } from './rows/audit-seal.ts';
import { auditVerify } from './rows/audit-verify.ts';
import { authzCheck } from './rows/authz-check.ts';
import { batchCheck } from './rows/batch-check.ts';
import { cacheHit } from './rows/cache-hit.ts';
import { condition } from './rows/condition.ts';
import { consumeEvents } from './rows/consume-events.ts';
import { eventLatency } from './rows/event-latency.ts';
import { deepPage } from './rows/deep-page.ts';
import { entityByRef } from './rows/entity-by-ref.ts';
import { healthz } from './rows/healthz.ts';
import { jobClaim } from './rows/job-claim.ts';
import { jobStart } from './rows/job-start.ts';
import { jobThroughput } from './rows/job-throughput.ts';
import { keyVerify } from './rows/key-verify.ts';
import { login } from './rows/login.ts';
import { outage } from './rows/outage.ts';
import { outboxToBroker } from './rows/outbox-to-broker.ts';
import { rateLimit } from './rows/rate-limit.ts';
import { refresh } from './rows/refresh.ts';
import { restarts } from './rows/restarts.ts';
import { revocation } from './rows/revocation.ts';
import { rowSecurity } from './rows/row-security.ts';
import { start } from './rows/start.ts';
import { storeFunction } from './rows/store-function.ts';
import { tenantRead } from './rows/tenant-read.ts';
import { tenantWrite } from './rows/tenant-write.ts';
import { tokenVerify } from './rows/token-verify.ts';

const rows: Row[] = [
  healthz,
  entityByRef,
  start,
  outboxToBroker,
  consumeEvents,
  eventLatency,
  outage,
  tenantRead,
  tenantWrite,
  rowSecurity,
  storeFunction,
  deepPage,
  restarts,
  jobThroughput,
  jobStart,
  jobClaim,
  cacheHit,
  rateLimit,
  auditSeal,
  auditVerify,
  condition,
  authzCheck,
  batchCheck,
  login,
  refresh,
  tokenVerify,
  keyVerify,
  revocation,
];

const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const chosen = rows.filter((row) => names.length === 0 || names.includes(row.name) || names.includes(row.suite));
const unknown = flags.filter((flag) => !['--json', '--write', '--quick'].includes(flag));
if (unknown.length > 0 || chosen.length === 0) {
  console.error('npm run bench [-- <suite or row> …] [--json] [--write] [--quick]');
  console.error(`suites: ${[...new Set(rows.map((row) => row.suite))].join(', ')}`);
  console.error(`rows: ${rows.map((row) => row.name).join(', ')}`);
  process.exit(2);
}

const options: MeasureOptions = flags.includes('--quick')
  ? { rounds: 3, secondsPerRound: 2, openLoopRate: 300 }
  : { rounds: 5, secondsPerRound: 4, openLoopRate: 500 };
const results: RowResult[] = [];
for (const row of chosen) {
  const result = await row.run(options);
  results.push(result);
  if (!flags.includes('--json')) console.log(terminalText(result));
}
if (flags.includes('--json')) console.log(JSON.stringify(results, null, 2));
if (flags.includes('--write')) {
  const page = await readFile('docs/performance.md', 'utf8');
  const names = rows.map((row) => row.name);
  await writeFile('docs/performance.md', performancePage(page, results, names));
}
const misses = results.flatMap((result) => result.claims.filter((claim) => !holds(claim)));
for (const miss of misses) console.error(`MISS ${miss.text}: ${miss.ratio.toFixed(2)}×, limit ${miss.limit}×`);
process.exit(misses.length > 0 ? 1 : 0);
