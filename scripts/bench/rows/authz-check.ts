import { celEnv, parse, plan } from '@bufbuild/cel';
import { decide, type DecisionRequest, type World } from '@idp/auth';
import { compileCondition, declareAttributes } from '@idp/expressions';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { drawCompany, drawQuestions, id, loadWorld, requestOf, sealedTexts, sizes } from '../access/company.ts';
import { askCasbin, askCedar } from '../access/peers.ts';
import { timeCalls, type CallTimes } from '../access/timing.ts';
import { median } from '../in-process.ts';
import type { Claim, Row } from '../row.ts';

const condition = 'resource.kind == "service" && !resource.archived && resource.owner in principal.teamIds';
const environment = declareAttributes({ kind: 'string', archived: 'bool', owner: 'string' });
const compile = (text: string) => compileCondition(text, environment);
const now = 1_800_000_000_000;

/** casbin is asked about some users: loading all of them takes it long and changes nothing of what a call costs. */
const casbinUsers = 500;

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** A loaded snapshot and the heap it holds on to. */
function heapOfWorld(sealed: ReturnType<typeof sealedTexts>): { world: World; bytes: number } {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const world = loadWorld(sealed, compile);
  collectGarbage();
  return { world, bytes: process.memoryUsage().heapUsed - before };
}

/** What the same condition costs the CEL library alone, with the values ready. */
function bareCel(): (request: DecisionRequest) => unknown {
  const run = plan(celEnv(), parse(condition));
  const teamIds = [id('b', 0), id('b', 1), id('b', 2)];
  return ({ principal, resource }) =>
    run({
      principal: { id: principal.id, teamIds },
      resource: resource?.attributes as Record<string, string | boolean>,
    });
}

/** Everything that is measured, by name. */
async function openSides() {
  const company = drawCompany();
  const { world, bytes } = heapOfWorld(sealedTexts(company.rows));
  const conditional = loadWorld(sealedTexts(drawCompany(condition).rows), compile);
  const cedar = askCedar(company);
  const casbin = await askCasbin(company, casbinUsers);
  const ours = (request: DecisionRequest): boolean => decide(world, request, now).allowed;
  const underCondition = (request: DecisionRequest): boolean => decide(conditional, request, now).allowed;
  const bare = bareCel();

  const requests = drawQuestions(company, 100_000).map((question) => requestOf(company, question));
  // The same few again and again: what is compared is the work, not the memory of 20,000 users.
  const allowed = requests.filter(ours).slice(0, 500);
  const granted = Array.from({ length: 40 }, () => allowed).flat();
  const some = drawQuestions(company, 200);
  const few = drawQuestions(company, 20_000)
    .filter(({ user }) => user < casbinUsers)
    .slice(0, 20);
  for (const question of some) agree(cedar(question), ours(requestOf(company, question)));
  for (const question of few) agree(casbin(question), ours(requestOf(company, question)));
  for (const request of allowed) agree(underCondition(request), true);

  return {
    bytes,
    sides: {
      ours: () => timeCalls(requests, ours),
      conditional: () => timeCalls(granted, underCondition),
      bare: () => timeCalls(granted, bare),
      cedar: () => timeCalls(some, cedar),
      casbin: () => timeCalls(few, casbin),
    },
  };
}

function agree(theirs: boolean, ours: boolean): void {
  if (theirs !== ours) throw new Error('two engines decide one question differently');
}

/** Auth §6, first two rows: a decision out of the memory of the process. */
export const authzCheck: Row = {
  name: 'authz-check',
  suite: 'auth',
  async run({ rounds }) {
    const { bytes, sides } = await openSides();
    type Side = keyof typeof sides;
    const names = Object.keys(sides) as Side[];
    const times = new Map<Side, CallTimes[]>(names.map((name) => [name, []]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const name of names) {
        const figures = sides[name]();
        if (round > 0) times.get(name)!.push(figures);
      }
    }
    const cpu = (side: Side): number => median(times.get(side)!.map(({ cpuMicros }) => cpuMicros));
    const p99 = (side: Side): number => median(times.get(side)!.map(({ p99Micros }) => p99Micros));
    const share = (text: string, ratio: number): Claim => ({ text, ratio, limit: 1, bound: 'at-most' });
    return {
      name: 'authz-check',
      title: `A local decision with ${sizes.users.toLocaleString('en')} users, ${sizes.roles} roles, 2,000 rules`,
      figures: [],
      claims: [
        share('99 % without a condition, as part of 20 µs', p99('ours') / 20),
        share('99 % with one condition, as part of 60 µs', p99('conditional') / 60),
        { text: 'CPU of cedar-wasm, parsed before', ratio: cpu('cedar') / cpu('ours'), limit: 100, bound: 'at-least' },
        { text: 'CPU of casbin', ratio: cpu('casbin') / cpu('ours'), limit: 10_000, bound: 'at-least' },
        {
          text: 'CPU with one condition against the bare call of the CEL library',
          ratio: cpu('conditional') / cpu('bare'),
          limit: 1.5,
          bound: 'at-most',
        },
        share('heap per user with 5 grants, as part of 1.6 KB', bytes / sizes.users / 1_600),
        share('snapshot, as part of 60 MB', bytes / 60e6),
      ],
      notes: [
        `without a condition ${cpu('ours').toFixed(2)} µs of CPU, p99 ${p99('ours').toFixed(1)} µs, over 100,000 different questions`,
        `with one ${cpu('conditional').toFixed(2)} µs, p99 ${p99('conditional').toFixed(1)} µs; the bare CEL call ${cpu('bare').toFixed(2)} µs`,
        `cedar-wasm ${cpu('cedar').toFixed(0)} µs, casbin ${(cpu('casbin') / 1_000).toFixed(1)} ms; all decide alike`,
        `heap ${(bytes / 1e6).toFixed(1)} MB, ${(bytes / sizes.users).toFixed(0)} bytes per user`,
      ],
    };
  },
};
