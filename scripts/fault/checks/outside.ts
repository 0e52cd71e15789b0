import { violations, type Evidence, type Violation } from './check.ts';

/** The outside was told of every transfer under one key, and of nothing else. */
export async function checkOutside({ client, stack }: Evidence): Promise<Violation[]> {
  const { rows } = await client.query<{ id: string }>('select id from ledger.transfers');
  const { keys } = stack.recorder;
  const transfers = new Set(rows.map(({ id }) => id));
  const untold = rows.filter(({ id }) => !keys.has(id)).map(({ id }) => `nobody outside was told of transfer ${id}`);
  const twice = [...keys].filter(([, known]) => known.size > 1);
  const invented = [...keys.keys()].filter((id) => !transfers.has(id));
  return [
    ...violations('I1', untold),
    ...violations(
      'I7',
      twice.map(([id, known]) => `the outside was told of transfer ${id} under ${known.size} keys`),
    ),
    ...violations(
      'I3',
      invented.map((id) => `the outside was told of transfer ${id}, which never happened`),
    ),
  ];
}
