/** What an item needs and the platform under test does not have yet. The text is the reason in the skip list. */
export class MissingError extends Error {
  override readonly name = 'MissingError';
  readonly reason: string;

  constructor(what: 'route' | 'principal' | 'fixture' | 'capability' | 'field', name: string) {
    super(`${what}: ${name}`);
    this.reason = this.message;
  }
}
