import { deviations } from '../expectation.ts';
import type { HostileInput, HostileItem } from '../items.ts';
import { MissingError } from '../missing.ts';
import type { Outcome } from '../outcome.ts';
import { matches } from '../routes.ts';
import { targetOf } from '../target.ts';
import type { Fixture, PreparedOperation } from '../target.ts';
import { headerOf, send } from '../wire/client.ts';
import type { Answer } from '../wire/client.ts';

/** Whose limits are asked for: a list every member may read. */
const path = '/api/v1/services';
/** Requests at once. */
const width = 40;
/** Where nothing is measured: beyond what anybody has at once, whatever comes back to them meanwhile. */
const enough = 600;

/**
 * One caller who asks more often than anybody may, at every gateway that limits. Judged here: the caller is told when to come again, somebody
 * else is served. How much slower is measured where nothing else runs.
 */
export async function runFlood(
  item: HostileItem,
  { rate = 0, seconds = 1, as = 'memberA' }: Extract<HostileInput, { kind: 'load' }>,
  operations: readonly PreparedOperation[],
  { fixture, long }: { fixture: Fixture; long: boolean },
): Promise<readonly Outcome[]> {
  const doors = operations.filter(
    ({ operation, target }) => target.limited === true && operation.method === 'GET' && matches(operation.path, path),
  );
  if (doors.length === 0) throw new MissingError('capability', 'rate limits');
  const outcomes: Outcome[] = [];
  for (const { target, operation } of doors) {
    const headers = await fixture.credentials(as);
    const request = { method: 'GET', target: targetOf(path, { path: {}, query: { limit: '1' } }), headers };
    const answers = await many(long ? rate * seconds : enough, () => send(target.baseUrl, request));
    const other = await send(target.baseUrl, { ...request, headers: await fixture.credentials('ownerA') });
    outcomes.push({
      item: item.id,
      place: `${target.name} ${operation.id}`,
      deviations: [
        ...new Set(answers.flatMap((answer) => deviations(item.expect, { answer, sent: [] }))),
        ...refusals(answers),
        ...(other.status === 200 ? [] : [`another caller was answered ${other.status}`]),
      ],
    });
  }
  return outcomes;
}

async function many(count: number, ask: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  let left = count;
  const work = async (): Promise<void> => {
    while (left-- > 0) answers.push(await ask());
  };
  await Promise.all(Array.from({ length: width }, work));
  return answers;
}

function refusals(answers: readonly Answer[]): string[] {
  const refused = answers.filter(({ status }) => status === 429);
  if (refused.length === 0) return ['nobody was limited'];
  const mute = refused.filter((answer) => !/^[1-9]\d*$/.test(headerOf(answer, 'retry-after') ?? ''));
  return mute.length === 0 ? [] : [`${mute.length} refusals without Retry-After`];
}
