import { openingBalance } from '../stack/tenants.ts';
import { mayHaveHappened, violations, type Evidence, type Violation } from './check.ts';

interface TransferRow {
  tenant_id: string;
  id: string;
  operation: string;
  from_account: string;
  amount: string;
  sequence: string;
  event_id: string;
}

interface EffectRow {
  tenant_id: string;
  no: string;
  consumer: string;
  event_id: string;
  transfer_id: string;
  account: string;
  sequence: string;
}

const consumers = ['ledger.credits', 'ledger.statements', 'ledger.notices'];

/** Transfers against what the clients were told, effects against transfers. */
export async function checkLedger({ client, entries, stack }: Evidence): Promise<Violation[]> {
  const { rows: transfers } = await client.query<TransferRow>('select * from ledger.transfers');
  const { rows: effects } = await client.query<EffectRow>('select * from ledger.effects order by no');
  const operations = new Map(entries.filter(({ op }) => op === 'transfer').map((entry) => [entry.operation, entry]));
  const byOperation = Map.groupBy(transfers, ({ operation }) => operation);
  const effectsOf = Map.groupBy(effects, ({ consumer, event_id }) => `${consumer} ${event_id}`);

  const lost: string[] = [];
  for (const [operation, { outcome }] of operations) {
    if (outcome === 'ok' && !byOperation.has(operation))
      lost.push(`transfer ${operation} was confirmed and is not there`);
  }
  const twice: string[] = [];
  const strange: string[] = [];
  for (const [operation, rows] of byOperation) {
    const entry = operations.get(operation);
    if (rows.length > 1) twice.push(`transfer ${operation} happened ${rows.length} times`);
    if (entry === undefined || !mayHaveHappened(entry))
      strange.push(`transfer ${operation} happened, its client was told no`);
  }
  const known = new Map(transfers.map((row) => [row.event_id, row]));
  for (const { event_id, id } of transfers) {
    for (const consumer of consumers) {
      const count = effectsOf.get(`${consumer} ${event_id}`)?.length ?? 0;
      if (count === 0) lost.push(`transfer ${id} has no effect in ${consumer}`);
      if (count > 1) twice.push(`transfer ${id} has ${count} effects in ${consumer}`);
    }
  }
  const foreign: string[] = [];
  for (const effect of effects) {
    const transfer = known.get(effect.event_id);
    if (transfer === undefined) strange.push(`effect ${effect.no} of ${effect.consumer} belongs to no transfer`);
    else if (transfer.tenant_id !== effect.tenant_id) foreign.push(`effect ${effect.no} lies with another tenant`);
  }
  const { rows: sums } = await client.query<{ tenant_id: string; sum: string; accounts: string }>(
    'select tenant_id, sum(opening - debited + credited) as sum, count(*) as accounts from ledger.accounts group by 1',
  );
  const wrong = sums.filter(({ sum, accounts }) => BigInt(sum) !== BigInt(accounts) * BigInt(openingBalance));
  const money = wrong.map(({ tenant_id, sum }) => `the accounts of ${tenant_id} hold ${sum}`);
  if (sums.length !== stack.tenants.length) money.push(`accounts of ${sums.length} tenants are left`);
  return [
    ...violations('I1', lost),
    ...violations('I2', [...twice, ...money]),
    ...violations('I3', strange),
    ...violations('I4', outOfOrder(effects)),
    ...violations('I8', foreign),
  ];
}

/** Per account the consumer that keeps the order applied 1, 2, 3 and so on. */
function outOfOrder(effects: readonly EffectRow[]): string[] {
  const last = new Map<string, bigint>();
  const found: string[] = [];
  for (const { consumer, tenant_id, account, sequence } of effects) {
    if (consumer !== 'ledger.credits') continue;
    const key = `${tenant_id} ${account}`;
    const before = last.get(key) ?? 0n;
    if (BigInt(sequence) !== before + 1n) found.push(`account ${account}: ${sequence} was applied after ${before}`);
    last.set(key, BigInt(sequence));
  }
  return found;
}
