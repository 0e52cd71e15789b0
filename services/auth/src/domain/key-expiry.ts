const day = 86_400_000;

/** Days before its end on which the owner of a key is told; 0 is the end itself. */
export const announcedDays = [14, 3, 1, 0] as const;
export type AnnouncedDays = (typeof announcedDays)[number];

export interface EndingKey {
  expiresAt: string;
  createdAt: string;
}

/** What is to be said of a key now, and in how many days it ends. */
export interface ExpiryNotice {
  announced: AnnouncedDays;
  /** False where that day had passed already when the key was made: its owner knows. */
  tell: boolean;
  daysLeft: number;
}

/** Undefined while the end is further away than anybody is told of. */
export function expiryNotice({ expiresAt, createdAt }: EndingKey, now: Date): ExpiryNotice | undefined {
  const leftMs = Date.parse(expiresAt) - now.getTime();
  const announced = announcedDays.findLast((days) => leftMs <= days * day);
  if (announced === undefined) return undefined;
  const tell = Date.parse(expiresAt) - announced * day >= Date.parse(createdAt);
  return { announced, tell, daysLeft: Math.max(0, Math.ceil(leftMs / day)) };
}
