/** Whole seconds to wait before asking again; 0: come in. */
export type RateLimit = (principal: string) => number;

/** More principals than anyone has; without a bound, who can make tokens could fill the memory. */
const PRINCIPALS_MAX = 10_000;

/**
 * A bucket for each principal that holds a minute's worth of requests, and fills again evenly. Each replica counts for itself.
 */
export function rateLimit(perMinute: number, now: () => number): RateLimit {
  const buckets = new Map<string, { left: number; at: number }>();
  return (principal) => {
    const time = now();
    const before = buckets.get(principal) ?? { left: perMinute, at: time };
    const left = Math.min(perMinute, before.left + (Math.max(0, time - before.at) * perMinute) / 60_000);
    buckets.delete(principal);
    buckets.set(principal, { left: left >= 1 ? left - 1 : left, at: time });
    if (buckets.size > PRINCIPALS_MAX) buckets.delete(buckets.keys().next().value as string);
    return left >= 1 ? 0 : Math.ceil(((1 - left) * 60) / perMinute);
  };
}
