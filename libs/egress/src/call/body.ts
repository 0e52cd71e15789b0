import { pipeline, Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { BrotliDecompress, Gunzip, Inflate } from 'node:zlib';
import { callFailure } from './failure.ts';

const ratioMax = 100;
/** Decoded bytes below which the ratio is not looked at: a short regular text compresses well and does no harm. */
const ratioFrom = 64 * 1024;

export const acceptedEncodings = 'gzip, deflate, br';

/**
 * Rule 8: yields the decoded body, at most `bodyMax` bytes, expanded at most 100 times. Memory stays at a few chunks whatever the other
 * side sends. Throws {@link callFailure} `body-too-large`, `compression-ratio` or `decoding`.
 * @param encoding the value of `Content-Encoding`; one coding, not a list
 */
export async function* limitedBody(
  source: AsyncIterable<Buffer>,
  encoding: string | undefined,
  bodyMax: number,
): AsyncGenerator<Buffer, void, void> {
  const decoder = decoderFor(encoding);
  let produced = 0;
  for await (const chunk of decoder === undefined ? source : decode(source, decoder)) {
    produced += chunk.length;
    if (produced > bodyMax) throw callFailure('body-too-large');
    // `bytesWritten` of a decoder counts the compressed bytes it has consumed so far.
    const ratio = decoder === undefined ? 1 : produced / decoder.bytesWritten;
    if (produced > ratioFrom && ratio > ratioMax) throw callFailure('compression-ratio');
    yield chunk;
  }
}

type Decoder = Gunzip | Inflate | BrotliDecompress;

function decoderFor(encoding: string | undefined): Decoder | undefined {
  switch (encoding?.trim().toLowerCase() ?? 'identity') {
    case 'identity':
    case '':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw callFailure('decoding');
  }
}

function decode(source: AsyncIterable<Buffer>, decoder: Decoder): AsyncIterable<Buffer> {
  // The callback only keeps an error from being unhandled: reading the decoder throws it where it is awaited.
  return pipeline(Readable.from(source), decoder, () => {});
}
