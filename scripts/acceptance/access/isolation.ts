import { expect } from 'vitest';
import { openCompany } from './company.ts';
import type { Place } from './place.ts';

interface Report {
  service: string;
  passed: boolean;
  findings: { rule: string; object: string }[];
  sha256: string;
}

/** The wall between tenants is looked at now: it stands in every service, and a hole in one is named at once. */
export async function expectWallToBeWatched(place: Place): Promise<void> {
  const { owner } = await openCompany(place);
  const look = async (): Promise<Map<string, Report>> => {
    const answer = await owner.auth.get('/api/v1/auth/tenants/current/isolation');
    expect(answer.status).toBe(200);
    return new Map(answer.body.data.services.map((report: Report) => [report.service, report]));
  };
  const before = await look();
  expect([...before.keys()]).toEqual(expect.arrayContaining(['auth', 'catalog']));
  const fallen = (reports: Map<string, Report>) => [...reports.values()].filter(({ passed }) => !passed);
  expect(fallen(before)).toEqual([]);
  for (const [service, table] of [
    ['auth', 'auth.teams'],
    ['catalog', 'catalog.entities'],
  ] as const) {
    await place.sql.query(`alter table ${table} no force row level security`);
    try {
      const { passed, findings, sha256 } = (await look()).get(service)!;
      expect([passed, findings.length > 0]).toEqual([false, true]);
      expect(JSON.stringify(findings)).toContain(table.split('.')[1]);
      expect(sha256).not.toBe(before.get(service)!.sha256);
    } finally {
      await place.sql.query(`alter table ${table} force row level security`);
    }
  }
  expect(fallen(await look())).toEqual([]);
}
