import { at, parseStatements, shape } from './parse.ts';
import type { Place, TableFacts } from './tables.ts';

export interface LintFinding extends Place {
  rule: 'class' | 'policy' | 'grants' | 'tenant key';
  table: string;
  message: string;
}

/** Parse trees of the canonical policies (data.md §2.2). */
export interface CanonicalPolicies {
  tenant: string;
  global: string;
}

const classForm = /^class: (?:tenant|platform|global: \S.*)$/s;
const tooMuch = new Set(['all', 'truncate', 'references', 'trigger', 'maintain']);

export async function canonicalPolicies(): Promise<CanonicalPolicies> {
  const expression = async (text: string): Promise<string> => {
    const [statement] = await parseStatements(`create policy p on t using (${text})`);
    return shape(at(statement?.node, 'qual'));
  };
  return {
    tenant: await expression('tenant_id = (select ctx_tenant())'),
    global: await expression('(select ctx_global())'),
  };
}

/** Everything wrong with one table. `app` is the name the app role has in the parsed text. */
export function judgeTable(
  table: TableFacts,
  tables: ReadonlyMap<string, TableFacts>,
  { canonical, app }: { canonical: CanonicalPolicies; app: string },
): LintFinding[] {
  const findings: LintFinding[] = [];
  const report = (rule: LintFinding['rule'], message: string, place: Place = table.place): void => {
    findings.push({ ...place, rule, table: table.name, message });
  };
  if (!table.enabled || !table.forced) report('policy', 'row level security must be enabled and forced');
  if (table.partition) {
    for (const { place } of table.grants)
      report('grants', 'a grant on a partition bypasses the policy of its table', place);
    return findings;
  }
  if (table.class === undefined) report('class', `needs: comment on table ${table.name} is 'class: …'`);
  else if (!classForm.test(table.class))
    report('class', `'${table.class}' is not tenant, platform or global: <reason>`);
  judgePolicies(table, canonical, app, report);
  if (table.grants.length === 0) report('grants', 'is granted to no role');
  for (const { privileges, place } of table.grants) {
    const wrong = privileges.filter((privilege) => tooMuch.has(privilege));
    if (wrong.length > 0) report('grants', `must not grant ${wrong.join(', ')}`, place);
  }
  if (table.class === 'class: tenant') judgeKeys(table, tables, report);
  return findings;
}

type Report = (rule: LintFinding['rule'], message: string, place?: Place) => void;

function judgePolicies(table: TableFacts, canonical: CanonicalPolicies, app: string, report: Report): void {
  if (table.policies.length === 0) report('policy', 'has no policy');
  const own = table.policies.filter(({ roles }) => roles.includes(app) || roles.includes('public'));
  const wanted = table.class === 'class: tenant' ? canonical.tenant : canonical.global;
  if (table.class === undefined || table.class === 'class: platform') return;
  if (table.policies.length > 0 && own.length === 0) report('policy', 'has no policy for the app role');
  for (const { roles, using, check, place } of own) {
    if (roles.includes('public')) report('policy', 'a policy must name its role', place);
    if (using !== wanted || check !== wanted)
      report('policy', 'USING and WITH CHECK must both be the canonical text', place);
  }
}

function judgeKeys(table: TableFacts, tables: ReadonlyMap<string, TableFacts>, report: Report): void {
  if (!table.keys.some(({ kind }) => kind === 'primary key')) report('tenant key', 'has no primary key');
  for (const { kind, columns, references, place } of table.keys) {
    const target = references === undefined ? undefined : tables.get(references);
    if (kind === 'foreign key' && target?.class?.startsWith('class: global') === true) continue;
    if (columns[0] !== 'tenant_id')
      report('tenant key', `${kind} (${columns.join(', ')}) must start with tenant_id`, place);
  }
}
