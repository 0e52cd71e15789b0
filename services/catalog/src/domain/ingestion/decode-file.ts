import { ModelError } from '../model/model-error.ts';
import { limits } from './limits.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Text of a descriptor file. Throws ModelError when it is too large or not UTF-8. */
export function decodeFile(bytes: Uint8Array): string {
  if (bytes.byteLength > limits.fileBytes) {
    throw new ModelError('limit', `the file is larger than ${limits.fileBytes} bytes`);
  }
  try {
    return decoder.decode(bytes);
  } catch (err) {
    throw new ModelError('encoding', 'the file is not valid UTF-8', [], { cause: err });
  }
}
