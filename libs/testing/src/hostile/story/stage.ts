/** What a story needs of the platform beside its routes. Everything rejects with a `MissingError` for what does not exist. */
export interface Stage {
  /** Gives everybody the text names a session and keys of their own, so that what earlier stories ended does not count. */
  begin(text: string): Promise<void>;
  /** Moves the clock the services see. */
  advance(milliseconds: number): void;
  /** Brings about a state, such as `user-disabled:memberA`. */
  arrange(state: string): Promise<void>;
  /** Sends requests that meet: none of them goes on before all of them want to change the same tenant. */
  together<T>(count: number, send: () => Promise<T>): Promise<T>;
  /** An observation by its name in the data. */
  fact(name: string): Promise<unknown>;
  /** Everything stored that belongs to a person, to compare. */
  rows(principal: string): Promise<string>;
  /** How many events of a type there have been. */
  events(type: string): Promise<number>;
}
