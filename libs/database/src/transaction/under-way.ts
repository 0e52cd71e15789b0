/** Counts what a database is asked, so that closing it can wait for all of it, also for what has no connection yet. */
export class UnderWay {
  #count = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  /** Runs one operation of a caller; those begun inside it are counted too. */
  async run<T>(operation: () => Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await operation();
    } finally {
      this.#count -= 1;
      if (this.#count === 0) this.#idle?.resolve();
    }
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#count > 0) {
      this.#idle ??= Promise.withResolvers<void>();
      await this.#idle.promise;
      this.#idle = undefined;
    }
  }
}
