import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { holds, type RowResult } from './row.ts';

const micros = (value: number): string => value.toFixed(1);

function figureTable(result: RowResult): string {
  const rows = result.figures.map(
    (figure) =>
      `| ${figure.name} | ${micros(figure.cpuMicros)} | ±${Math.round(figure.spread * 50)} % | ${Math.round(figure.requestsPerSecond)} | ${Math.round(figure.latencyP50Micros)} | ${Math.round(figure.latencyP99Micros)} |`,
  );
  return [
    '| Subject | CPU µs per request | spread | requests/s (closed loop, 16 callers) | p50 µs (open loop) | p99 µs (open loop) |',
    '|---|---:|---:|---:|---:|---:|',
    ...rows,
  ].join('\n');
}

function claimTable(result: RowResult): string {
  const rows = result.claims.map(
    (claim) =>
      `| ${claim.text} | ${claim.ratio.toFixed(2)}× | ${claim.bound === 'at-most' ? '≤' : '≥'} ${claim.limit}× | ${holds(claim) ? 'pass' : 'MISS'} |`,
  );
  return ['| Claim | Measured | Limit | |', '|---|---:|---:|---|', ...rows].join('\n');
}

function partTable(result: RowResult): string {
  if (result.parts === undefined) return '';
  const rows = result.parts.map((part) => `| ${part.name} | ${micros(part.cpuMicros)} |`);
  return ['Where each microsecond goes:', '', '| Part | CPU µs |', '|---|---:|', ...rows, ''].join('\n');
}

function section(result: RowResult): string {
  const notes = (result.notes ?? []).map((note) => `- ${note}`).join('\n');
  const tables = result.figures.length > 0 ? [figureTable(result), ''] : [];
  const body = [`## ${result.title}`, '', ...tables, claimTable(result), '', partTable(result), notes];
  return [...body, '', `\`npm run bench -- ${result.name}\`. ${machine()}`].join('\n').replaceAll(/\n{3,}/g, '\n\n');
}

function machine(): string {
  const revision = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const processor = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `Revision ${revision}, ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${process.platform} ${process.arch}, ${processor}, ${memory}.`;
}

/**
 * The text of `docs/performance.md`: what was measured now takes the place of what `page` says of the same rows; the rest stays
 * with the revision it was measured at. Sections follow the order of `names`; others are dropped.
 */
export function performancePage(page: string, results: readonly RowResult[], names: readonly string[]): string {
  const sections = new Map(
    page.split(/^(?=## )/m).map((text) => [/`npm run bench -- ([a-z0-9-]+)`/.exec(text)?.[1], text.trimEnd()]),
  );
  for (const result of results) sections.set(result.name, section(result));
  return [
    '# Performance',
    '',
    'Written by `npm run bench -- --write`; edit the rows in [scripts/bench](../scripts/bench), not this page. All sides of a row run in one go, interleaved, the first round dropped, medians shown. CPU time of the measured process per request decides;',
    'requests per second and latency share the machine with the load generator and are shown for orientation.',
    '',
    ...names.flatMap((name) => (sections.has(name) ? [sections.get(name)!, ''] : [])),
  ].join('\n');
}

/** What the terminal shows of one row. */
export function terminalText(result: RowResult): string {
  return `${section(result)}\n`;
}
