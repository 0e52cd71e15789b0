import { violations, type Evidence, type Violation } from './check.ts';

const consumers = ['ledger.credits', 'ledger.statements'];

/** Every event that was produced has exactly one outcome with each consumer, and no event has one that was not produced. */
export async function checkOutcomes({ client, stack }: Evidence): Promise<Violation[]> {
  const found: string[] = [];
  for (const consumer of consumers) {
    const { rows } = await client.query<{ produced: string | null; outcome: string | null; event: string }>(
      `select t.event_id as produced, i.outcome, coalesce(t.event_id, i.event_id) as event
       from ledger.transfers t full join (select * from ledger.inbox where consumer = $1) i on i.event_id = t.event_id
       where t.event_id is null or i.event_id is null or i.outcome = 'parked'`,
      [consumer],
    );
    for (const { produced, outcome, event } of rows) {
      if (stack.planted.has(event)) continue;
      if (outcome === null) found.push(`event ${event} has no outcome with ${consumer}`);
      else if (produced === null) found.push(`event ${event} is ${outcome} with ${consumer} and was never produced`);
      else found.push(`event ${event} is still parked with ${consumer}`);
    }
  }
  const { rows: dead } = await client.query<{ consumer: string; event_id: string }>(
    "select consumer, event_id from ledger.dead_letters where status = 'open'",
  );
  const good = dead.filter(({ event_id }) => !stack.planted.has(event_id));
  found.push(...good.map(({ consumer, event_id }) => `${consumer} has a dead letter of the good event ${event_id}`));
  return violations('I5', found);
}
