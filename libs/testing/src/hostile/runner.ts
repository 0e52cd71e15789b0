import type { HostileItem } from './items.ts';
import { runBody, runQuery } from './kinds/body.ts';
import { runDecision } from './kinds/decision.ts';
import { runEach } from './kinds/each.ts';
import { runEvent } from './kinds/event.ts';
import { runLoad } from './kinds/load.ts';
import { runPair } from './kinds/pair.ts';
import { runRaw } from './kinds/raw.ts';
import { runRequest } from './kinds/request.ts';
import { runSteps } from './kinds/steps.ts';
import { oneStep, runStory } from './kinds/story.ts';
import { runAuthorization, runToken } from './kinds/token.ts';
import { runValue } from './kinds/value.ts';
import { MissingError } from './missing.ts';
import type { ItemResult, Outcome } from './outcome.ts';
import { prepareOperations } from './target.ts';
import type { Fixture, PreparedOperation, Target } from './target.ts';

export interface HostileRun {
  /** Runs one item over every operation it fits. Never rejects for what the platform lacks: that is a skip. */
  run(item: HostileItem): Promise<ItemResult>;
  operations: readonly PreparedOperation[];
}

/** Prepares the operations of all targets once, so that items can be run one by one. */
export function createHostileRun(options: {
  targets: readonly Target[];
  fixture: Fixture;
  long?: boolean;
}): HostileRun {
  const { targets, fixture, long = false } = options;
  const operations = prepareOperations(targets, fixture);
  return {
    operations,
    async run(item) {
      try {
        const outcomes = await interpret(item, operations, fixture, long);
        const after = await afterwards(item, targets, fixture);
        return { item, outcomes: [...outcomes, ...after] };
      } catch (error) {
        if (error instanceof MissingError) return { item, outcomes: [], skipped: error.reason };
        throw error;
      }
    },
  };
}

function interpret(
  item: HostileItem,
  operations: readonly PreparedOperation[],
  fixture: Fixture,
  long: boolean,
): Promise<readonly Outcome[]> {
  const { input } = item;
  switch (input.kind) {
    case 'value':
      return runValue(item, input, operations, fixture);
    case 'pair':
      return runPair(item, input, operations, fixture);
    case 'body':
      return runBody(item, input, operations, fixture);
    case 'query':
      return runQuery(item, input, operations);
    case 'request':
      return fixture.stage === undefined
        ? runRequest(item, input, operations, fixture)
        : runStory(item, [oneStep(input)], operations, { fixture, stage: fixture.stage, needs: undefined });
    case 'raw':
      return runRaw(item, input, operations, fixture);
    case 'steps':
      return fixture.stage === undefined
        ? runSteps(item, input.steps, operations, fixture)
        : runStory(item, input.steps, operations, { fixture, stage: fixture.stage, needs: input.needs });
    case 'load':
      return runLoad(item, input, operations, { fixture, long });
    case 'each':
      return fixture.sides === undefined
        ? Promise.reject(new MissingError('fixture', 'two tenants'))
        : runEach(item, input, fixture.sides, fixture);
    case 'decision': {
      const { stage } = fixture;
      if (stage === undefined) return Promise.reject(new MissingError('capability', 'kind decision'));
      return runDecision(item, input, operations, { ...fixture, stage });
    }
    case 'event': {
      const { stage, bus } = fixture;
      if (stage === undefined || bus === undefined) return Promise.reject(new MissingError('capability', 'kind event'));
      return runEvent(item, input, operations, { ...fixture, stage, bus });
    }
    case 'token':
      return runToken(item, input, operations, fixture);
    case 'authorization':
      return runAuthorization(item, input, operations, fixture);
    case 'websocket':
      return Promise.reject(new MissingError('route', 'one that speaks WebSocket'));
  }
}

/** What holds for every item: every service still serves, and the logs stayed clean. */
async function afterwards(item: HostileItem, targets: readonly Target[], fixture: Fixture): Promise<Outcome[]> {
  const dead = await Promise.all(
    targets.map(async (target) => ((await readyWithin(target, 2_000)) ? [] : [`${target.name} is not ready`])),
  );
  const logs = fixture.logs?.();
  const dirty =
    logs === undefined
      ? []
      : (item.expect.absentInLogs ?? [])
          .filter((text) => logs.includes(text))
          .map((text) => `logs hold ${JSON.stringify(text)}`);
  return [{ item: item.id, place: 'afterwards', deviations: [...dead.flat(), ...dirty] }];
}

async function readyWithin(target: Target, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!(await target.ready())) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}
