import { errorCatalogue, type ErrorCode } from '@idp/errors';
import type { Data } from '../any.ts';
import { keyCheckOf } from '../filters/key-check.ts';
import { tokenCheckOf } from '../filters/token-checks.ts';
import { overwrite } from '../headers.ts';

/** Nobody is asked who they are. */
const unchecked = { ...tokenCheckOf({ auth: 'public' }), ...keyCheckOf({ auth: 'public' }) };

/** A route that answers itself, whoever asks. */
export function refusal(match: Data, code: ErrorCode, headers: Readonly<Record<string, string>> = {}): Data {
  return {
    name: 'none',
    match,
    direct_response: { status: errorCatalogue[code].status },
    response_headers_to_add: overwrite({ 'x-error-code': code, ...headers }),
    typed_per_filter_config: unchecked,
  };
}
