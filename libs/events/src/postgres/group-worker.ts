import type { Logger } from '@idp/telemetry';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlatformDoor } from '../platform-door.ts';
import type { GroupSubscription, Subscription } from '../transport/transport.ts';
import { workOnePartition } from './partition-work.ts';

const backoffMs = { first: 100, max: 5_000 };

interface Member {
  readonly subscription: GroupSubscription;
  readonly ending: AbortController;
  ready: boolean;
  paused: boolean;
  running: number;
  failures: number;
  idle: (() => void)[];
}

export interface GroupWorker {
  add(subscription: GroupSubscription): Subscription;
  /** The group has records before it. */
  wake(group: string): void;
  groups(): readonly string[];
}

/** Works on the partitions of all groups of one service with a bounded number of connections, taking the groups in turn. */
export function createGroupWorker(options: { door: PlatformDoor; concurrency: number; logger: Logger }): GroupWorker {
  const { door, logger } = options;
  const members = new Map<string, Member>();
  let free = options.concurrency;
  // Work starts from commit hooks and from inside other work, but belongs to neither's context.
  const outside = AsyncLocalStorage.snapshot();

  function schedule(): void {
    for (const [group, member] of members) {
      if (free === 0) return;
      if (!member.ready || member.paused || member.ending.signal.aborted) continue;
      member.ready = false;
      // The last to be served is the last in line.
      members.delete(group);
      members.set(group, member);
      void outside(run, member);
    }
  }

  async function run(member: Member): Promise<void> {
    free -= 1;
    member.running += 1;
    const failed = await workOne(member);
    free += 1;
    member.running -= 1;
    if (member.running === 0) for (const resolve of member.idle.splice(0)) resolve();
    if (failed) await pauseAfterFailure(member);
    schedule();
  }

  async function workOne(member: Member): Promise<boolean> {
    const { subscription, ending } = member;
    const ready = (): void => {
      member.ready = true;
    };
    const onTaken = (): void => {
      ready();
      schedule();
    };
    try {
      if (await workOnePartition({ door, subscription, signal: ending.signal, onTaken })) {
        ready();
        member.failures = 0;
      }
      return false;
    } catch (error) {
      if (!ending.signal.aborted)
        logger.warn({ err: error, group: subscription.group }, 'a chunk of events was given back');
      return true;
    }
  }

  async function pauseAfterFailure(member: Member): Promise<void> {
    member.failures += 1;
    const delay = Math.min(backoffMs.max, backoffMs.first * 2 ** Math.min(member.failures, 10)) * Math.random();
    await sleep(delay, undefined, { signal: member.ending.signal }).catch(() => undefined);
    member.ready = true;
  }

  return {
    add(subscription) {
      const member: Member = {
        subscription,
        ending: new AbortController(),
        ready: true,
        paused: subscription.paused === true,
        running: 0,
        failures: 0,
        idle: [],
      };
      members.set(subscription.group, member);
      schedule();
      return {
        pause() {
          member.paused = true;
        },
        resume() {
          member.paused = false;
          schedule();
        },
        close: (deadlineMs) => closeMember(members, member, deadlineMs),
      };
    },
    wake(group) {
      const member = members.get(group);
      if (member === undefined) return;
      member.ready = true;
      schedule();
    },
    groups: () => [...members.keys()],
  };
}

/** Waits for the chunks in hand; past the deadline their signal aborts and their offsets stay. */
async function closeMember(members: Map<string, Member>, member: Member, deadlineMs: number): Promise<void> {
  members.delete(member.subscription.group);
  member.paused = true;
  if (member.running === 0) return;
  const idle = new Promise<void>((resolve) => member.idle.push(resolve));
  const timer = setTimeout(() => member.ending.abort(), deadlineMs);
  await idle;
  clearTimeout(timer);
}
