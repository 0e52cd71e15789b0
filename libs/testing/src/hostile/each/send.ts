import type { Outgoing, Answer } from '../wire/client.ts';
import { send } from '../wire/client.ts';
import { sendRaw } from '../wire/raw.ts';
import type { SampleRequest } from '../openapi/sample.ts';
import { outgoing } from '../target.ts';
import type { Fixture, PreparedOperation } from '../target.ts';
import { text, toJson } from '../values/form.ts';
import type { EachInput } from './input.ts';

/** Sends a request on an operation as the principal of an item, with the changes the item says. */
export async function sendAs(
  own: PreparedOperation,
  request: SampleRequest,
  input: EachInput,
  fixture: Fixture,
): Promise<Answer> {
  const { names } = fixture;
  const query = Object.fromEntries(Object.entries(input.query ?? {}).map(([name, form]) => [name, text(form, names)]));
  const full = { ...request, query: { ...request.query, ...query } };
  const prepared = {
    ...own,
    headers: async () => ({ accept: 'application/json', ...(await fixture.credentials(input.as)) }),
  };
  const hasBody = request.body !== undefined && input.method === undefined;
  const message = await outgoing(prepared, full, hasBody ? toJson(request.body) : undefined);
  const headers = { ...message.headers };
  for (const [name, form] of Object.entries(input.headers ?? {})) headers[name.toLowerCase()] = text(form, names);
  if (input.contentType !== undefined) headers['content-type'] = input.contentType;
  const raw =
    input.rawQuery === undefined ? '' : `${message.target.includes('?') ? '&' : '?'}${text(input.rawQuery, names)}`;
  const changed: Outgoing = {
    ...message,
    method: input.method ?? message.method,
    target: message.target + raw,
    headers,
  };
  if (input.headerLines === undefined) return send(own.target.baseUrl, changed);
  return sendLines(
    own.target.baseUrl,
    changed,
    input.headerLines.map((line) => text(line, names)),
  );
}

/** With further header lines, as they are. */
function sendLines(
  baseUrl: string,
  { method, target, headers = {} }: Outgoing,
  more: readonly string[],
): Promise<Answer> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const all = [
    `${method} ${target} HTTP/1.1`,
    `host: ${new URL(baseUrl).host}`,
    'connection: close',
    ...lines,
    ...more,
  ];
  return sendRaw(baseUrl, Buffer.from(`${all.join('\r\n')}\r\n\r\n`));
}
