import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { httpDurationBuckets } from '@idp/telemetry';

export const metricsPage = 'docs/metrics.md';

/** One metric as the source defines it. */
interface Definition {
  name: string;
  kind: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels: string;
  /** `libs/events`, `services/auth`, `gateway`. */
  owner: string;
}

const sources = ['libs/*/src/**/*.ts', 'services/*/src/**/*.ts', 'gateway/{edge,embedded,limits}/**/*.ts'];
const call = /\.(counter|gauge|histogram)(?:<[^(]*>)?\(/g;
const written = /^\s*'([a-z_0-9]+)',\s*(?:'([^']*)'|"([^"]*)")\s*(?:,\s*(\[[^\]]*\]|[A-Za-z]+)\s*)?[,)]/;

/** `docs/metrics.md`: every metric of the fleet, by the part that counts it. Throws for one that is not written out where it is made. */
export async function writeMetricsPage(): Promise<void> {
  const files = globSync(sources).filter((file) => !file.endsWith('.test.ts'));
  const definitions: Definition[] = [];
  for (const file of files.toSorted()) definitions.push(...definitionsOf(file, await readFile(file, 'utf8')));
  await writeFile(metricsPage, pageOf(definitions));
}

function definitionsOf(file: string, text: string): Definition[] {
  // Where they are passed on by name.
  if (file === 'libs/telemetry/src/metrics.ts') return [];
  const owner = file
    .split('/')
    .slice(0, file.startsWith('gateway/') ? 1 : 2)
    .join('/');
  return [...text.matchAll(call)].map(({ 0: found, 1: kind, index }) => {
    const [, name, single, double, labels = '[]'] = written.exec(text.slice(index + found.length)) ?? [];
    const line = text.slice(0, index).split('\n').length;
    if (name === undefined) throw new Error(`${file}:${line}: a metric's name and help must be written out`);
    const help = single ?? double ?? '';
    return { name, kind: kind as Definition['kind'], help, labels: labelsOf(labels, { file, text }), owner };
  });
}

/** The names of the labels; those of a constant of the same file are looked up. */
function labelsOf(labels: string, { file, text }: { file: string; text: string }): string {
  const list = labels.startsWith('[')
    ? labels
    : new RegExp(`const ${labels}(?:: [^=]+)? = (\\[[^\\]]*\\])`).exec(text)?.[1];
  if (list === undefined) throw new Error(`${file}: the labels ${labels} must be written out in this file`);
  return [...list.matchAll(/'([^']+)'/g)].map(([, name]) => `\`${name}\``).join(' ');
}

function pageOf(definitions: readonly Definition[]): string {
  const owners = [...new Set(definitions.map(({ owner }) => owner))].toSorted();
  const sections = owners.map((owner) => {
    const rows = [
      ...new Map(definitions.filter((each) => each.owner === owner).map((each) => [each.name, each])).values(),
    ];
    const lines = rows
      .toSorted((left, right) => (left.name < right.name ? -1 : 1))
      .map(({ name, kind, labels, help }) => `| \`${name}\` | ${kind} | ${labels} | ${help.replaceAll('|', '\\|')} |`);
    return `## ${owner}\n\n| Metric | Kind | Labels | Meaning |\n|---|---|---|---|\n${lines.join('\n')}\n`;
  });
  return `${head}\n${sections.join('\n')}`;
}

const head = `# Metrics

Every process tells its metrics at \`/metrics\` of its management port (text, or OpenMetrics by \`Accept\`); Envoy has its own at its admin port. Each series carries the
label \`service\`. Written by \`npm run generate\` from the source. Labels never hold ids or text of users.

HTTP durations have the buckets ${httpDurationBuckets.join(' ')} s.
`;
