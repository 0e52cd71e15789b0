// Loaded before the ledger (`--import`): replaces the text of the mutant named by FAULT_MUTANT while its file is loaded.
import { registerHooks } from 'node:module';
import { mutants } from './mutants.ts';

const name = process.env['FAULT_MUTANT'];
const mutant = mutants.find((each) => each.name === name);
if (mutant === undefined) throw new Error(`no mutant ${name}`);
const { file, text, replacement } = mutant;

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith(file)) return loaded;
    const source = String(loaded.source);
    if (!source.includes(text)) throw new Error(`mutant ${name}: ${file} has no such text any more`);
    return { ...loaded, source: source.replace(text, () => replacement) };
  },
});
