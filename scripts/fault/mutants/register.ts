// Loaded before the ledger (`--import`): replaces the text of the mutant named by FAULT_MUTANT while its file is loaded.
import { registerHooks } from 'node:module';
import { mutants } from './mutants.ts';

const name = process.env['FAULT_MUTANT'];
const mutant = mutants.find((each) => each.name === name);
if (mutant === undefined) throw new Error(`no mutant ${name}`);
const { changes } = mutant;

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    const here = changes.filter(({ file }) => url.endsWith(file));
    if (here.length === 0) return loaded;
    let source = String(loaded.source);
    for (const { file, text, replacement } of here) {
      if (!source.includes(text)) throw new Error(`mutant ${name}: ${file} has no such text any more`);
      source = source.replace(text, () => replacement);
    }
    return { ...loaded, source };
  },
});
