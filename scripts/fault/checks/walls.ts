import { readFile } from 'node:fs/promises';
import { violations, type Evidence, type Violation } from './check.ts';

/** No answer and no log line showed a tenant what belongs to another. */
export async function checkWalls({ stack, entries }: Evidence): Promise<Violation[]> {
  const found = entries.flatMap(({ leak, operation }) => (leak === undefined ? [] : [`${operation}: ${leak}`]));
  for (const { name, logFile } of stack.processes) {
    const lines = (await readFile(logFile, 'utf8')).split('\n');
    for (const line of lines) {
      // A line that names a tenant speaks of that one alone.
      const named = stack.tenants.filter(({ id }) => line.includes(id));
      const shown = stack.tenants.filter(({ canary }) => line.includes(canary));
      const mixed = named.length > 1 || (named.length === 1 && shown.some((tenant) => tenant !== named[0]));
      if (mixed) found.push(`a log line of ${name} mixes tenants: ${line.slice(0, 200)}`);
    }
  }
  return violations('I8', found);
}
