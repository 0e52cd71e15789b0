import { describe, expect, it, test } from 'vitest';
import fc from 'fast-check';
import { nextTime, planSchedule } from './next-time.ts';

const hour = 3_600_000;

function timesOf(cron: string, timezone: string, from: string, until: string): string[] {
  const found: string[] = [];
  for (let at = new Date(from); ;) {
    at = nextTime({ cron, timezone }, at);
    if (at >= new Date(until)) return found;
    found.push(at.toISOString());
  }
}

describe('on the days the clocks change', () => {
  it.each([
    // 02:30 does not exist: 03:00 summer time.
    ['Europe/Berlin', '30 2 * * *', '2026-03-28T12:00Z', '2026-03-29T12:00Z', ['2026-03-29T01:00:00.000Z']],
    // 02:30 comes twice: the first.
    ['Europe/Berlin', '30 2 * * *', '2026-10-24T12:00Z', '2026-10-25T12:00Z', ['2026-10-25T00:30:00.000Z']],
    ['America/New_York', '30 2 * * *', '2026-03-08T00:00Z', '2026-03-09T00:00Z', ['2026-03-08T07:00:00.000Z']],
    ['America/New_York', '30 1 * * *', '2026-11-01T00:00Z', '2026-11-02T00:00Z', ['2026-11-01T05:30:00.000Z']],
    // Midnight itself is skipped.
    ['America/Sao_Paulo', '0 0 * * *', '2018-11-03T12:00Z', '2018-11-04T12:00Z', ['2018-11-04T03:00:00.000Z']],
    // A change by half an hour.
    ['Australia/Lord_Howe', '10 2 * * *', '2026-10-03T00:00Z', '2026-10-04T00:00Z', ['2026-10-03T15:30:00.000Z']],
  ])('%s %s runs once', (timezone, cron, from, until, times) => {
    expect(timesOf(cron, timezone, from, until)).toEqual(times);
  });

  test('an hourly schedule runs every hour', () => {
    for (const day of ['2026-03-29', '2026-10-25']) {
      const times = timesOf('0 * * * *', 'Europe/Berlin', `${day}T00:00:01Z`, `${day}T06:00:00Z`);
      expect(times.map((time) => new Date(time).getUTCHours())).toEqual([1, 2, 3, 4, 5]);
    }
  });
});

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia'];

test('a daily time comes once on every day of any year, in any zone', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
      fc.date({ min: new Date('2012-01-15'), max: new Date('2035-01-01'), noInvalidDate: true }),
      (timezone, h, m, start) => {
        const day = new Intl.DateTimeFormat('en-CA', { timeZone: timezone });
        let at = nextTime({ cron: `${m} ${h} * * *`, timezone }, start);
        for (let i = 0; i < 5; i += 1) {
          const next = nextTime({ cron: `${m} ${h} * * *`, timezone }, at);
          expect(day.format(next) > day.format(at)).toBe(true);
          const gap = (next.getTime() - at.getTime()) / hour;
          expect(gap).toBeGreaterThanOrEqual(22.5);
          expect(gap).toBeLessThanOrEqual(25.5);
          at = next;
        }
      },
    ),
    { numRuns: 300 },
  );
});

describe('planSchedule', () => {
  const daily = { cron: '0 3 * * *', timezone: 'UTC' };
  const dueAt = new Date('2026-05-01T03:00:00Z');

  it.each([
    ['in time', 'once', '2026-05-01T03:00:01Z', true],
    ['in time', 'skip', '2026-05-01T03:00:01Z', true],
    ['three days late', 'once', '2026-05-04T12:00:00Z', true],
    ['three days late', 'skip', '2026-05-04T12:00:00Z', false],
    ['three days late to the second', 'skip', '2026-05-04T03:00:00Z', true],
    ['an hour late', 'skip', '2026-05-01T04:00:00Z', false],
  ] as const)('%s with %s', (_, missed, now, runs) => {
    const { due, next } = planSchedule({ ...daily, missed }, { dueAt, now: new Date(now) });
    expect(due !== undefined).toBe(runs);
    expect(next).toEqual(nextTime(daily, new Date(now)));
  });

  it('never plans a time that has passed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 * 24 * hour }), fc.constantFrom('once', 'skip'), (late, missed) => {
        const now = new Date(dueAt.getTime() + late);
        const { next } = planSchedule({ ...daily, missed }, { dueAt, now });
        expect(next.getTime()).toBeGreaterThan(now.getTime());
        expect(next.getTime() - now.getTime()).toBeLessThanOrEqual(24 * hour);
      }),
    );
  });
});
