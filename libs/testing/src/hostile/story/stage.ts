import type { AccessResource } from '@idp/auth';

/** What a story needs of the platform beside its routes. Everything rejects with a `MissingError` for what does not exist. */
export interface Stage {
  /** Gives everybody the text names a session and keys of their own, so that what earlier stories ended does not count. */
  begin(text: string): Promise<void>;
  /** Takes back what was arranged. */
  finish(): Promise<void>;
  /** Moves the clock the services see. */
  advance(milliseconds: number): void;
  /** Brings about a state, such as `user-disabled:memberA`; what it made, by the names of the data. */
  arrange(state: string): Promise<Readonly<Record<string, string>>>;
  /** A dependency is `down` or `up` from now on. */
  fault(dependency: string, state: string): Promise<void>;
  /** What the evaluator inside the service of the permission decides about somebody; undefined where no service knows the permission. */
  decide(principal: string, permission: string, resource: AccessResource): Promise<boolean | undefined>;
  /** Sends requests that meet: none of them goes on before all of them want to change the same tenant. */
  together<T>(count: number, send: () => Promise<T>): Promise<T>;
  /** An observation by its name in the data. */
  fact(name: string): Promise<unknown>;
  /** Everything stored that belongs to a person, to compare. */
  rows(principal: string): Promise<string>;
  /** How many events of a type there have been. */
  events(type: string): Promise<number>;
}
