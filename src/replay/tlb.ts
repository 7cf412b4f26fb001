/**
 * `tlb`: what page sizes and a TLB would do to a program, from its memory accesses.
 *
 * A trace is read once, whatever the number of page sizes and TLBs (simulate.ts); with several jobs, traces or rows are
 * shared out to workers (jobs.ts), each of which reads for itself.
 */
import { InputError } from "../error.js";
import { runShares } from "./jobs.js";
import { planLanes } from "./lanes.js";
import { runPlans } from "./simulate.js";
import type { TlbOptions, TlbResult } from "./tlb-result.js";

export type * from "./tlb-result.js";

/** Runs a trace through TLBs. Throws InputError on bad input or options. */
export async function tlb(options: TlbOptions): Promise<TlbResult> {
  const { source, jobs = 1 } = options;
  const plans = planLanes(options);
  if (typeof source !== "string" || jobs === 1) return runPlans(options, plans);
  const [result] = await runShares([source], options, plans, jobs);
  if (result instanceof InputError) throw result;
  return result as TlbResult;
}

/**
 * Several traces, each as `tlb` runs it, on `jobs` workers: results in the order of the traces, the same as with one.
 * A trace that is refused gives its InputError, and the others run all the same. `onResult` is called in order, as soon
 * as all traces before are done.
 */
export async function tlbEach(
  sources: readonly string[],
  options: Omit<TlbOptions, "source">,
  onResult: (result: TlbResult | InputError, index: number) => void = () => {},
): Promise<(TlbResult | InputError)[]> {
  const { jobs = 1 } = options;
  const plans = planLanes(options);
  if (jobs > 1) return runShares(sources, options, plans, jobs, onResult);
  const results: (TlbResult | InputError)[] = [];
  let before = 0;
  const onProgress = ({ records }: { records: number }): void => options.onProgress?.({ records: before + records });
  for (const [index, source] of sources.entries()) {
    const result = await runPlans({ ...options, source, onProgress }, plans).catch((error: unknown) => {
      if (error instanceof InputError) return error;
      throw error;
    });
    if (!(result instanceof InputError)) before += result.records;
    results.push(result);
    onResult(result, index);
  }
  return results;
}
