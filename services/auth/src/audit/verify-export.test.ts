import { expect, test } from 'vitest';
import { sampleArrival, sampleExport, sampleKeys } from './chain-fixtures.ts';
import type { SignedCheckpoint } from './checkpoint.ts';
import { createExportVerifier, type ExportVerdict } from './verify-export.ts';

const tenantId = '0192d6a0-0000-7000-8000-000000000001';
const { signer, keys } = sampleKeys();
const arrivals = Array.from({ length: 25 }, (_, at) => sampleArrival(at, { resourceId: `r${at + 1}` }));
/** Header, rows 1–10, checkpoint, rows 11–20, checkpoint, rows 21–25, checkpoint. */
const lines = sampleExport(tenantId, arrivals, { signer, every: 10 });
const at = (seq: number): number => seq + Math.floor((seq - 1) / 10);

function verify(changed: readonly string[], known: SignedCheckpoint[] = []): ExportVerdict {
  const verifier = createExportVerifier(keys, known);
  for (const line of changed) verifier.line(line);
  return verifier.end();
}

const without = (index: number, count = 1): string[] => lines.toSpliced(index, count);
const signed = (index: number): SignedCheckpoint => JSON.parse(lines[index]!) as SignedCheckpoint;

test('an export as it was made is in order', () => {
  expect(verify(lines)).toEqual({ tenantId, fromSeq: 1, toSeq: 25, rows: 25, checkpoints: 3, erased: 0 });
});

test('every row that is taken away is named', () => {
  for (let seq = 1; seq <= 25; seq += 1) {
    expect({ seq, fault: verify(without(at(seq))).fault?.seq }).toEqual({ seq, fault: seq });
  }
});

test('two rows that changed places are named by the first', () => {
  for (const seq of [1, 9, 12, 24]) {
    const [one, two] = [lines[at(seq)]!, lines[at(seq + 1)]!];
    const swapped = lines.with(at(seq), two).with(at(seq + 1), one);
    expect(verify(swapped).fault?.seq).toBe(seq);
  }
});

test('a changed character anywhere in a row is found', () => {
  const few = sampleExport(tenantId, arrivals.slice(0, 2), { signer, every: 2 });
  const line = few[2]!;
  for (let index = 0; index < line.length; index += 1) {
    const other = line[index] === 'x' ? 'y' : 'x';
    const changed = few.with(2, line.slice(0, index) + other + line.slice(index + 1));
    expect({ index, fault: verify(changed).fault?.seq }).toEqual({ index, fault: 2 });
  }
});

test('a member named twice, another order and a space are no way to show what was not sealed', () => {
  const seq = 4;
  const line = lines[at(seq)]!;
  const forms = [
    line.replace('"row":{', '"row":{"action":"auth:nothing:seen",'),
    line.replace('"hash":', '"hash": '),
    `${line.slice(0, -1)},"note":"all is well"}`,
    line.replace(/^\{"client":(\{.*?\}\}),/, '{').replace(/\}$/, `,"client":{}}`),
  ];
  for (const form of forms)
    expect({ form, fault: verify(lines.with(at(seq), form)).fault?.seq }).toEqual({ form, fault: seq });
});

test('a tail cut off is found, by the header, by the last checkpoint, and by a checkpoint kept elsewhere', () => {
  expect(verify(lines.slice(0, at(15) + 1)).fault).toMatchObject({ seq: 16 });
  expect(verify(lines.slice(0, -1)).fault).toEqual({ seq: 21, what: 'is covered by no checkpoint' });
  const header = lines[0]!.replace('"toSeq":25', '"toSeq":20');
  const cut = [header, ...lines.slice(1, at(20) + 2)];
  expect(verify(cut).fault).toBeUndefined();
  expect(verify(cut, [signed(lines.length - 1)]).fault?.seq).toBe(21);
});

test('a chain calculated anew does not fit a checkpoint, wherever that was kept', () => {
  const rewritten = sampleExport(tenantId, arrivals.with(6, sampleArrival(6)), { signer, every: 10 });
  expect(verify(rewritten).fault).toBeUndefined();
  expect(verify(rewritten, [signed(at(10) + 1)]).fault?.seq).toBe(10);
  const mixed = rewritten.with(at(10) + 1, lines[at(10) + 1]!);
  expect(verify(mixed).fault?.seq).toBe(1);
});

test('a checkpoint of another key, range or tenant counts for nothing', () => {
  const foreign = sampleExport(tenantId, arrivals, { signer: sampleKeys().signer, every: 10 });
  expect(verify(foreign).fault?.seq).toBe(1);
  expect(verify(without(at(10) + 1)).fault).toEqual({ seq: 1, what: 'is covered by no checkpoint' });
  const other = sampleExport('0192d6a0-0000-7000-8000-000000000002', arrivals, { signer, every: 10 });
  expect(verify([lines[0]!, ...other.slice(1)]).fault).toEqual({ seq: 1, what: 'belongs to another tenant' });
});

test('parts that were erased are counted and the chain still holds', () => {
  const seq = 7;
  const erased = lines[at(seq)]!.replace(/^\{"client":\{.*?\}\}/, '{"client":null');
  expect(verify(lines.with(at(seq), erased))).toMatchObject({ rows: 25, erased: 1 });
  const both = erased.replace(/,"states":\{.*\}\}\}$/, ',"states":null}');
  expect(verify(lines.with(at(seq), both))).toMatchObject({ rows: 25, erased: 2 });
});

test('states whose members are named by numbers, or hold any text, are read as they were written', () => {
  const states = {
    after: JSON.stringify({ 10: 'ten', 9: 'nine', a: '\u2028\ud800"\\', '': null, n: [1e21, 0.1, -0] }),
  };
  const odd = sampleExport(tenantId, [sampleArrival(1, { before: undefined, ...states })], { signer, every: 1 });
  expect(verify(odd)).toMatchObject({ rows: 1, checkpoints: 1 });
  const nothing = { before: undefined, after: undefined, ip: undefined, userAgent: undefined };
  expect(verify(sampleExport(tenantId, [sampleArrival(1, nothing)], { signer, every: 1 }))).toMatchObject({ rows: 1 });
});

test('what is no export is refused with a word, whatever it is', () => {
  for (const text of ['', '{}', 'null', '[]', '{"export":null}', '{"export":{"fromSeq":1,"toSeq":2,"prevHash":"x"}}']) {
    expect(verify([text]).fault?.what).toBe('is preceded by no header');
  }
  for (const text of [
    '',
    'null',
    '5',
    '{"checkpoint":null}',
    '{"checkpoint":{}}',
    '{"checkpoint":7,"kid":"sample"}',
    '{"row":null}',
  ]) {
    expect(verify([lines[0]!, text]).fault?.seq).toBe(1);
  }
  expect(verify([]).fault).toBeDefined();
});
