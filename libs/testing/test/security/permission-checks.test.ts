import { readFile } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withConnection } from '../../src/isolation/sql.ts';
import { findSchemas } from '../../src/isolation/schemas.ts';
import { nameOf } from '../../src/mutation/access-switch.ts';
import { isChosen, mutationRun, writeHunted } from '../../src/mutation/report.ts';
import type { HuntedMutant } from '../../src/mutation/report.ts';
import { operationsOf } from '../../src/hostile/openapi/document.ts';
import { surveyPermissions } from './permission-survey.ts';
import type { PermissionSurvey } from './permission-survey.ts';

const run = mutationRun(process.env);
let survey: PermissionSurvey;

// Every operation is asked for several times.
beforeAll(async () => {
  survey = await surveyPermissions();
}, 600_000);
afterAll(async () => {
  await survey?.[Symbol.asyncDispose]();
});

it('whoever lacks one permission is refused what it is for, and shown nothing of it', () => {
  expect(survey.findings).toEqual([]);
});

it('every route with a permission was tried, and what was refused has changed nothing', async () => {
  const { platform, refused, guards } = survey;
  const declared = platform.targets.flatMap(({ document }) => operationsOf(document)).filter((each) => each.permission);
  expect(guards.map(({ operation }) => operation.operation.id).toSorted()).toEqual(
    declared.map(({ id }) => id).toSorted(),
  );
  const { adminUrl, prefix } = platform.database;
  const changes = await withConnection(adminUrl, async (client) => {
    const found: unknown[] = [];
    for (const { roles } of await findSchemas(client, prefix)) {
      const { rows } = await client.query<{ action: string }>(
        `select action, resource_id from ${roles.schema}.audit_log where request_id = any($1) and outcome <> 'denied'`,
        [refused],
      );
      found.push(...rows);
    }
    return found;
  });
  expect(refused.filter((id) => id === '')).toEqual([]);
  expect(changes).toEqual([]);
});

it('every place of the services that decides about an object was reached', async () => {
  const root = new URL('../../../../', import.meta.url);
  const reached = new Set(survey.inner.flatMap(({ check }) => check.sites));
  const deciding = new RegExp(
    String.raw`\.(?:require|requireIn|allows|visibility|requirePermission|sees)\(|\b(?:sees|judgeScope|judgePlace|managesKeys|requireAsking|requireHeld|requireMayManage|requireEntity|readVisible\w*|readOne|readEntityByRef|visibleEntities|visibleServices)\(`,
  );
  const declares = /\bfunction \w|^\s*sees\(.*\): boolean;$/;
  const missed: string[] = [];
  for (const file of globSync('services/*/src/**/*.ts', { cwd: root.pathname })) {
    if (file.endsWith('.test.ts')) continue;
    const lines = (await readFile(new URL(file, root), 'utf8')).split('\n');
    for (const [index, line] of lines.entries()) {
      const site = `${file}:${index + 1}`;
      if (deciding.test(line) && !declares.test(line) && !reached.has(site)) missed.push(`${site} ${line.trim()}`);
    }
  }
  expect(missed).toEqual([]);
});

it('any one check that is taken away is noticed', { timeout: 600_000 }, async () => {
  const hunted: HuntedMutant[] = [];
  for (const checked of [...survey.guards, ...survey.inner]) {
    const name = nameOf(checked.check);
    if (!isChosen(name, run)) continue;
    const findings = run.plan ? [] : await survey.hunt(checked);
    hunted.push({ name, noticed: findings.map((what) => ({ by: 'answer', what })) });
  }
  await writeHunted(process.env, 'permission', hunted);
  if (run.plan) return;
  expect(hunted.filter(({ noticed }) => noticed.length === 0).map(({ name }) => name)).toEqual([]);
});
