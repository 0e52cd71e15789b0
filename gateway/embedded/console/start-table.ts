import { relative } from 'node:path';
import type { CatalogSummary } from '@idp/catalog-service';

/** What the console shows when the platform serves. */
export interface StartFacts {
  url: string;
  managementUrl: string;
  exposeDocs: boolean;
  database: string;
  email: string;
  /** Sentence about the password, or the password itself on the first start. */
  password: string;
  directories: readonly string[];
  catalog: (CatalogSummary & { complete: boolean }) | undefined;
  /** Seconds from the start of the process until it served. */
  seconds: number;
}

const refusedMax = 50;

/** The start table: aligned rows, then one line for each refused file. Text from files is made harmless for a terminal. */
export function formatStartTable(facts: StartFacts): string {
  const { catalog } = facts;
  const rows: [string, string][] = [
    ['Gateway', facts.url],
    ['Docs', facts.exposeDocs ? `${facts.url}/docs  (Swagger UI: ${facts.url}/docs/swagger)` : 'not exposed'],
    ['Health', `${facts.url}/api/v1/health`],
    ['Metrics', `${facts.managementUrl}/metrics`],
    ['Login', facts.email],
    ['Password', facts.password],
    ['Database', facts.database],
    ['Catalog', catalogLine(facts)],
  ];
  return `\n  Internal Developer Platform, ready after ${facts.seconds.toFixed(1)} s\n\n${alignRows(rows)}\n${refusedLines(catalog)}\n`;
}

/** A line for each name and its value, one below the other. */
export function alignRows(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${printable(value)}`).join('\n');
}

function catalogLine({ catalog, directories }: StartFacts): string {
  if (catalog === undefined) return 'the first tenant is being prepared';
  const from = directories.length === 0 ? '' : ` from ${directories.map(shortPath).join(', ')}`;
  const refused = catalog.refused.length === 0 ? '' : `, ${catalog.refused.length} refused`;
  return `${catalog.entities} entities${from}${refused}${catalog.complete ? '' : ' (still reading)'}`;
}

function refusedLines(catalog: CatalogSummary | undefined): string {
  if (catalog === undefined || catalog.refused.length === 0) return '';
  const shown = catalog.refused.slice(0, refusedMax).map(({ file, line, column, reason, message }) => {
    const position = line === null ? '' : `:${line}${column === null ? '' : `:${column}`}`;
    return `    ${printable(`${file}${position}  ${reason}: ${message}`)}`;
  });
  const more = catalog.refused.length - shown.length;
  const rest = more > 0 ? `\n    … and ${more} more` : '';
  return `\n  Refused files\n${shown.join('\n')}${rest}\n`;
}

/** A path as the user would type it here. */
function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}

/** Control characters, escape sequences and bidirectional marks would write elsewhere on the screen. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, ' ');
}
