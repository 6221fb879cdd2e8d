/**
 * Different keys side by side, at most `concurrency` at once; items of one key one after another, none after one for
 * which `attempt` gave false. Resolves when nothing is under way any more: a rejection ends the other lanes first.
 */
export async function inLanes<T>(
  items: readonly T[],
  keyOf: (item: T) => unknown,
  concurrency: number,
  attempt: (item: T) => Promise<boolean>,
): Promise<void> {
  const lanes = Map.groupBy(items, keyOf);
  const queue = lanes.values();
  let broken = false;
  const work = async (): Promise<void> => {
    for (const lane of queue) {
      for (const item of lane) if (broken || !(await attempt(item))) break;
    }
  };
  const guarded = (): Promise<void> =>
    work().catch((error: unknown) => {
      broken = true;
      throw error;
    });
  const results = await Promise.allSettled(Array.from({ length: Math.min(concurrency, lanes.size) }, guarded));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
