import type { DecisionInput, HostileItem } from '../items.ts';
import type { Outcome } from '../outcome.ts';
import { createPlayer } from '../story/play.ts';
import { placesFor } from '../story/places.ts';
import type { Place } from '../story/places.ts';
import type { Stage } from '../story/stage.ts';
import type { StoryStep } from '../items.ts';
import type { Fixture, PreparedOperation } from '../target.ts';
import { jsonOf } from '../wire/client.ts';
import type { Answer } from '../wire/client.ts';

const declared = 'catalog:entity:read';
/** Somebody without a role of their own. */
const asker = 'plainA';

/**
 * Gives somebody a role with the rules of an item and has every evaluator decide: auth over HTTP, asked and made to explain, and the local one
 * of the service that owns the permission. The same role, with a plain allow, is decided first: what is refused later could be allowed.
 */
export async function runDecision(
  item: HostileItem,
  input: DecisionInput,
  operations: readonly PreparedOperation[],
  fixture: Fixture & { stage: Stage },
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const place of placesFor(operations)) {
    try {
      const found = await decideAt(place, item, input, fixture);
      outcomes.push({ item: item.id, place: place.name, deviations: found });
    } finally {
      await fixture.stage.finish();
    }
  }
  return outcomes;
}

async function decideAt(
  place: Place,
  { expect }: HostileItem,
  { rules, resource, permission = declared }: DecisionInput,
  fixture: Fixture & { stage: Stage },
): Promise<string[]> {
  const { stage } = fixture;
  await stage.begin(`"as":"ownerA" "as":"${asker}"`);
  const { play } = createPlayer(fixture, stage, place);
  const send = async (step: StoryStep): Promise<Answer> => (await play(step))[0]!.answers[0]!;
  const decisions = async (
    asked: string,
    attributes: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, boolean | undefined>> => {
    const body = { permission: asked, resource: { type: 'entity', attributes } };
    const [check, evaluate] = [
      await send({ send: 'POST ~/authz/check', as: asker, body }),
      await send({ send: 'POST ~/authz/evaluate', as: asker, body }),
    ];
    return {
      check: isAllowed(check),
      evaluate: isAllowed(evaluate),
      local: await stage.decide(asker, asked, body.resource),
    };
  };
  const allow = [{ permission: declared, effect: 'allow' }];
  await send({ send: 'POST ~/roles', as: 'ownerA', body: { name: 'decided', rules: allow }, save: 'role' });
  const grant = { principalType: 'user', principalId: `«${asker}.id»`, roleId: '«role.id»', scopeType: 'tenant' };
  await send({ send: 'POST ~/role-bindings', as: 'ownerA', body: grant, save: 'binding' });
  const control = differing(await decisions(declared, {}), true).map((each) => `with a plain allow ${each}`);
  const changed = await send({ send: 'PATCH ~/roles/«role.id»', as: 'ownerA', body: { rules } });
  // Rules that are no rules are refused: nobody holds anything by them.
  if (changed.status !== 200) await send({ send: 'DELETE ~/role-bindings/«binding.id»', as: 'ownerA' });
  const refused = [200, 400, 422].includes(changed.status) ? [] : [`the rules were answered ${changed.status}`];
  const found = differing(await decisions(permission, resource.attributes), expect.allowed === true);
  if (changed.status === 200) await send({ send: 'DELETE ~/role-bindings/«binding.id»', as: 'ownerA' });
  await send({ send: 'DELETE ~/roles/«role.id»', as: 'ownerA' });
  return [...control, ...refused, ...found];
}

function isAllowed(answer: Answer): boolean | undefined {
  if (answer.status >= 400 && answer.status < 500) return false;
  const { data } = jsonOf(answer) as { data?: { allowed?: boolean } };
  return data?.allowed;
}

/** Who decides otherwise. A service that does not know the permission is not asked. */
function differing(decisions: Readonly<Record<string, boolean | undefined>>, wanted: boolean): string[] {
  return Object.entries(decisions)
    .filter(([who, allowed]) => allowed !== wanted && !(who === 'local' && allowed === undefined))
    .map(([who, allowed]) => `${who} decided ${allowed}, expected ${wanted}`);
}
