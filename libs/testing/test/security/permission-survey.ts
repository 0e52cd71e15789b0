import { createAccessSwitch, nameOf } from '../../src/mutation/access-switch.ts';
import type { AccessSwitch, PermissionCheck } from '../../src/mutation/access-switch.ts';
import { caseFinding, guardFindings, said, sendCase } from '../../src/mutation/permission-probe.ts';
import { prepareOperations } from '../../src/hostile/target.ts';
import type { PreparedOperation } from '../../src/hostile/target.ts';
import { permissionCases } from './permission-cases.ts';
import type { NarrowCase } from './permission-cases.ts';
import { createCast } from './permission-cast.ts';
import type { Cast } from './permission-cast.ts';
import { startPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { platformServices } from './services.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

/** A case tried by somebody who lacks one permission. */
interface Attempt {
  tried: NarrowCase;
  permission: string;
  marks: readonly string[] | undefined;
}

/** A check of the product, and the attempts that have to go wrong without it. */
interface Checked {
  check: PermissionCheck;
  operation: PreparedOperation;
  attempts: readonly Attempt[];
}

/** Every operation of the platform, tried by people who lack one permission each. */
export interface PermissionSurvey extends AsyncDisposable {
  platform: Platform;
  /** What is wrong, by operation. */
  findings: readonly string[];
  /** Ids of the requests that were refused for the permission of their route. */
  refused: readonly string[];
  guards: readonly Checked[];
  /** Checks that handlers make, of what a request is about. */
  inner: readonly Checked[];
  /** What goes wrong without the check; empty where nobody would notice. */
  hunt(checked: Checked): Promise<string[]>;
}

interface Setting {
  access: AccessSwitch;
  cast: Cast;
  marks: readonly string[];
}

export async function surveyPermissions(): Promise<PermissionSurvey> {
  const access = createAccessSwitch();
  const services = await platformServices();
  const platform = await startPlatform(services.map((service) => access.watched(service)));
  try {
    const world = await createWorld(platform);
    const permissions = services.flatMap((service) => Object.keys(service.permissions));
    const cast = await createCast(platform, world.tenants.a, permissions);
    const setting = { access, cast, marks: marksOf(world) };
    const casesOf = await permissionCases(platform, world.tenants.a, cast);
    const found = {
      findings: [] as string[],
      refused: [] as string[],
      guards: [] as Checked[],
      inner: [] as Checked[],
    };
    for (const prepared of prepareOperations(platform.targets, world.a.fixture)) {
      if (prepared.operation.permission !== undefined) {
        const { findings, requestIds, checks } = await tryGuard(setting, prepared);
        found.findings.push(...findings);
        found.refused.push(...requestIds);
        found.guards.push(...checks.map((check) => ({ check, operation: prepared, attempts: [] })));
      }
      const { findings, inner } = await tryCases(setting, prepared, casesOf(prepared));
      found.findings.push(...findings);
      found.inner.push(...inner);
    }
    return {
      platform,
      ...found,
      hunt: (checked) => hunt(setting, checked),
      [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose](),
    };
  } catch (error) {
    await platform[Symbol.asyncDispose]();
    throw error;
  }
}

/** Texts of the tenant that stand in nothing of the part where the person of the attempts holds everything. */
function marksOf({ tenants: { a } }: World): string[] {
  const others = Object.entries(a.people).filter(([name]) => !name.startsWith('owner'));
  return [a.canary, `${a.slug}-component`, a.organization, ...others.map(([, { id }]) => id)];
}

async function tryGuard({ access, cast }: Setting, prepared: PreparedOperation) {
  const headers = await deniedFor(cast, prepared);
  const { value, checks } = await access.recorded(() => guardFindings(prepared, headers));
  const guards = ofOperation(prepared, checks).filter(({ kind }) => kind === 'guard');
  const findings = value.findings.map((finding) => `${prepared.operation.id}: ${finding}`);
  if (guards.length !== 1) findings.push(`${prepared.operation.id}: ${guards.length} guards were asked`);
  return { findings, requestIds: value.requestIds, checks: guards };
}

function deniedFor(cast: Cast, { operation, arrangement }: PreparedOperation): ReturnType<Cast['denied']> {
  return cast.denied(operation.permission!, arrangement.as?.includes('operator') === true ? 'platform' : 'tenant');
}

async function tryCases(setting: Setting, prepared: PreparedOperation, cases: readonly NarrowCase[]) {
  const findings: string[] = [];
  const inner = new Map<string, Checked & { attempts: Attempt[] }>();
  for (const tried of cases) {
    const place = `${prepared.operation.id} ${tried.name}`;
    const { value, checks } = await setting.access.recorded(async () => sendCase(tried, await prepared.headers()));
    if (value.answer.status >= 300) findings.push(`${place}: who may do everything was answered ${said(value.answer)}`);
    const isShown = setting.marks.some((mark) => value.answer.body.includes(mark));
    const made = ofOperation(prepared, checks).filter(({ kind }) => kind !== 'guard');
    const asked = new Set(made.map(({ permission }) => permission));
    if (tried.only !== undefined && !asked.has(tried.only)) findings.push(`${place}: nobody asks for ${tried.only}`);
    for (const permission of tried.only === undefined ? asked : [tried.only]) {
      const attempt = { tried, permission, marks: isShown ? setting.marks : undefined };
      const again = await setting.access.recorded(() => attempted(setting, attempt));
      if (again.value !== undefined) findings.push(`${place} without ${permission}: ${again.value}`);
      for (const check of [...made, ...ofOperation(prepared, again.checks)]) {
        if (check.kind === 'guard' || check.permission !== permission) continue;
        const known = inner.get(nameOf(check)) ?? { check, operation: prepared, attempts: [] };
        inner.set(nameOf(check), known);
        if (!known.attempts.includes(attempt)) known.attempts.push(attempt);
      }
    }
  }
  return { findings, inner: [...inner.values()] };
}

/** What is made for a request is asked for by other routes. */
function ofOperation({ target, operation }: PreparedOperation, checks: readonly PermissionCheck[]): PermissionCheck[] {
  const route = `${target.name} ${operation.method} ${operation.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
  return checks.filter((check) => check.operation === route);
}

async function attempted({ cast }: Setting, { tried, permission, marks }: Attempt): Promise<string | undefined> {
  return caseFinding(tried, permission, await cast.elsewhere(permission), marks);
}

async function hunt(setting: Setting, { check, operation, attempts }: Checked): Promise<string[]> {
  const { access, cast } = setting;
  if (check.kind === 'guard') {
    const headers = await deniedFor(cast, operation);
    return (await access.without(check, () => guardFindings(operation, headers))).findings;
  }
  for (const attempt of attempts) {
    const finding = await access.without(check, () => attempted(setting, attempt));
    if (finding !== undefined) return [finding];
  }
  return [];
}
