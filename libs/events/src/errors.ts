import { PayloadTooLargeError } from '@idp/errors';

/** 413: the encoded message is above 256 KiB. Hold a resource path and version in it instead of a body. */
export class EventTooLargeError extends PayloadTooLargeError {}

/** A message of another service's topic: only the owner of a topic writes to it. */
export class ForeignTopicError extends Error {
  override readonly name = 'ForeignTopicError';
}

/** The version is missing where state is carried, is no positive integer, or was used before in this transaction. */
export class VersionError extends Error {
  override readonly name = 'VersionError';
}

/** Events are facts of a transaction that changes something. */
export class ReadOnlyTransactionError extends Error {
  override readonly name = 'ReadOnlyTransactionError';
}

/** A header value with control characters, invalid UTF-16 or more than 2 KiB. */
export class HeaderError extends Error {
  override readonly name = 'HeaderError';
}

/** Consumers, topics or settings that cannot work together; the service does not start. */
export class EventConfigurationError extends Error {
  override readonly name = 'EventConfigurationError';
}

/** Thrown by a handler: the event cannot be handled yet. It is parked and handled again after `delayMs`. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';
  readonly delayMs: number;

  constructor(delayMs: number, message = 'not yet') {
    super(message);
    this.delayMs = delayMs;
  }
}

/** A redrive ran and failed: nothing of it stays. The dead letter is open as before and is to be told why. */
export class RedriveFailure extends Error {
  override readonly name = 'RedriveFailure';
  readonly code: string;
  /** The failure is about the try, not about the event: what the dead letter says of its cause stays. */
  readonly keepsCause: boolean;

  constructor(
    code: string,
    message: string,
    { keepsCause = false, ...options }: ErrorOptions & { keepsCause?: boolean } = {},
  ) {
    super(message, options);
    this.code = code;
    this.keepsCause = keepsCause;
  }
}
