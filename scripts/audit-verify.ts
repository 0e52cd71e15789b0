// `npm run audit-verify -- <export.ndjson> --keys <keys.json> [--checkpoints <file>]`: checks an export of the audit log without
// any server. Ends with 0 when every row is as it was sealed, with 1 and the number of the first row that is not, else with 2.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { readVerificationKeys, type VerificationKeys } from '@idp/auth';
import { createExportVerifier, type ExportVerdict, type SignedCheckpoint } from '@idp/auth-service/audit';

const usage = `npm run audit-verify -- <export.ndjson> --keys <keys.json> [--checkpoints <file>]
  --keys         answer of GET /api/v1/auth/audit-logs/keys, or a JSON Web Key Set
  --checkpoints  checkpoints kept elsewhere, one JSON object a line: the export must reach and contain all of them`;

async function loadKeys(path: string): Promise<VerificationKeys> {
  const file = JSON.parse(await readFile(path, 'utf8')) as { data?: { keys?: object[] }; keys?: object[] };
  const keys = file.keys ?? file.data?.keys;
  if (!Array.isArray(keys)) throw new Error(`${path} holds no keys`);
  return readVerificationKeys(keys as Parameters<typeof readVerificationKeys>[0]);
}

async function loadCheckpoints(path: string): Promise<SignedCheckpoint[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => JSON.parse(line) as SignedCheckpoint);
}

const newline = 0x0a;

/** Lines of UTF-8 text. One that is none is empty: what its bytes would be read as was never sealed. */
async function* linesOf(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const read = (bytes: Buffer): string => {
    try {
      return decoder.decode(bytes);
    } catch {
      return '';
    }
  };
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      yield read(bytes.subarray(start, end));
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) yield read(rest);
}

function sentence({ tenantId, fromSeq, toSeq, rows, checkpoints, erased, fault }: ExportVerdict): string {
  if (fault !== undefined) return `BAD row ${fault.seq} ${fault.what}`;
  const parts = erased === 0 ? '' : `; ${erased} erased parts`;
  return `ok: ${rows} rows, ${fromSeq} to ${toSeq} of tenant ${tenantId}, ${checkpoints} checkpoints${parts}`;
}

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { keys: { type: 'string' }, checkpoints: { type: 'string' } },
  });
  const [path] = positionals;
  if (path === undefined || values.keys === undefined) {
    console.error(usage);
    return 2;
  }
  const known = values.checkpoints === undefined ? [] : await loadCheckpoints(values.checkpoints);
  const verifier = createExportVerifier(await loadKeys(values.keys), known);
  for await (const line of linesOf(path)) if (!verifier.line(line)) break;
  const verdict = verifier.end();
  console.log(sentence(verdict));
  return verdict.fault === undefined ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
