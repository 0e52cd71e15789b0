import { CommitUnknownError, isSqlError } from '../wire/errors.ts';
import type { WirePool } from '../wire/pool.ts';
import type { Answer, Wire } from '../wire/wire.ts';
import type { Session, SessionEnvironment } from './session.ts';

/** Commits and gives the connection back; CommitUnknownError when the answer never came. */
export async function commit(
  environment: SessionEnvironment,
  { pool, confirm }: { pool: WirePool; confirm: boolean },
  session: Session,
) {
  const { wire } = session;
  if (!session.opened) {
    session.ended = true;
    pool.release(wire, false);
    return;
  }
  if (!wire.usable) throw new Error('the connection was lost before COMMIT');
  const unwatched = !confirm && wire.pending === 0;
  const answer = unwatched ? session.endIdly() : session.end('commit');
  const checked = environment.environment === 'test' ? checkTenantIsGone(wire) : undefined;
  if (unwatched) {
    // The pipeline keeps the order: the next transaction's opening is answered after this COMMIT.
    answer.catch(() => undefined);
    pool.release(wire, false);
    return;
  }
  confirmed(await settled(environment, answer), session);
  await checked;
  pool.release(wire, false);
}

async function settled(environment: SessionEnvironment, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (isSqlError(error) && error.severity !== 'FATAL') throw error;
    environment.metrics.commitUnknown.inc();
    throw new CommitUnknownError(error);
  }
}

/** After a failed statement PostgreSQL answers COMMIT with ROLLBACK, without an error. */
function confirmed(answer: Answer, session: Session): void {
  if (answer.command === 'COMMIT') return;
  throw session.firstError ?? new Error(`COMMIT was answered with ${answer.command}`);
}

/** Rolls back and gives the connection back, or destroys one that is lost or points to a demoted or changed server. */
export async function rollback(pool: WirePool, session: Session): Promise<void> {
  const { wire } = session;
  if (!wire.usable || session.firstCode === '25006' || session.firstCode === '0A000') {
    session.ended = true;
    return pool.release(wire, true);
  }
  if (!session.opened) {
    session.ended = true;
    return pool.release(wire, false);
  }
  // After COMMIT was sent and refused there is nothing left to roll back; the extra ROLLBACK is a warning.
  const clean = await session.end('rollback').then(
    () => true,
    () => false,
  );
  pool.release(wire, !clean);
}

/** Test builds look behind COMMIT: a tenant that outlives its transaction would be shown to the next caller. */
async function checkTenantIsGone(wire: Wire): Promise<void> {
  const { rows } = await wire
    .send(`select current_setting('app.tenant_id', true) as tenant`)
    .catch(() => ({ rows: [] }));
  const left = (rows[0] as { tenant: string | null } | undefined)?.tenant;
  if (left) throw new Error(`the connection still carries tenant ${left} after its transaction`);
}
