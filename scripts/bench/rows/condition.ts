import { parse, plan, celEnv } from '@bufbuild/cel';
import { compileCondition, declareAttributes } from '@idp/expressions';
import { cpuMicrosPerCall } from '../in-process.ts';
import type { Row } from '../row.ts';

const calls = 500;
/** Evaluations in one call, so that awaiting it weighs nothing. */
const batch = 100;

const text = 'resource.kind == "Component" && !resource.archived && resource.owner in principal.teamIds';
const team = '0193f0a0-0000-7000-8000-000000000001';
const teamIds = ['a', 'b', 'c', 'd', team];
const attributes = { kind: 'Component', archived: false, owner: team, lifecycle: 'production', size: 3 };
const principal = { id: 'u1', type: 'user', tenantId: 't1', teamIds };

/** Auth §6: a condition beside a bare call of the library it stands on. */
export const condition: Row = {
  name: 'condition',
  suite: 'auth',
  async run({ rounds }) {
    const environment = declareAttributes({ kind: 'string', archived: 'bool', owner: 'string' });
    const { evaluate } = compileCondition(text, environment);
    const values = { principal, context: { now: new Date() }, resource: { attributes } };
    const bare = plan(celEnv(), parse(text));
    const bareValues = { principal, context: {}, resource: { ...attributes, size: 3n } };
    const ours = await microsOf(() => evaluate(values), rounds);
    const peer = await microsOf(() => bare(bareValues), rounds);
    const compiling = await microsOf(() => compileCondition(text, environment), rounds, 5);
    return {
      name: 'condition',
      title: 'A condition of three tests evaluated',
      figures: [],
      claims: [{ text: 'CPU of evaluate beside @bufbuild/cel', ratio: ours / peer, limit: 1.5, bound: 'at-most' }],
      notes: [
        `evaluate ${ours.toFixed(2)} µs, the bare library ${peer.toFixed(2)} µs; compileCondition ${compiling.toFixed(0)} µs of CPU`,
      ],
    };
  },
};

async function microsOf(work: () => unknown, rounds: number, times = batch): Promise<number> {
  const call = async (): Promise<void> => {
    for (let index = 0; index < times; index += 1) if (work() === false) throw new Error('the condition holds');
  };
  return (await cpuMicrosPerCall(call, { calls, rounds })) / times;
}
