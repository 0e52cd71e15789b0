/** How many retries a target bears: every call earns a tenth of one, ten at most are saved. */
export interface RetryBudget {
  earn(): void;
  /** True where a retry may be made; it is paid for then. */
  spend(): boolean;
}

const earnedPerCall = 0.1;
const savedMax = 10;

export function createRetryBudget(): RetryBudget {
  let saved = savedMax;
  return {
    earn: () => void (saved = Math.min(savedMax, saved + earnedPerCall)),
    spend() {
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}
