/**
 * What a search leaves out without losing a violation: the names, and what came of it.
 */
import { Reduction } from "../../assembly/abi/search.js";

/**
 * What to leave out without losing a violation: nothing; orders of steps that do not concern each other; states that
 * differ only in which of several interchangeable CPUs or mms is which; both.
 */
export type ReductionName = "none" | "por" | "sym" | "all";

/** The core's bits of each name. */
export const REDUCTIONS: Readonly<Record<ReductionName, number>> = {
  none: 0,
  por: Reduction.PARTIAL_ORDER,
  sym: Reduction.SYMMETRY,
  all: Reduction.PARTIAL_ORDER | Reduction.SYMMETRY,
};

export const reductionName = (bits: number): ReductionName =>
  (Object.keys(REDUCTIONS) as ReductionName[]).find((name) => REDUCTIONS[name] === bits) ?? "none";

/** What the reductions of a search came to. */
export interface ReductionFigures {
  /** What was in use: one that does not apply is not. */
  readonly used: ReductionName;
  /** States in which fewer agents were moved than could move. */
  readonly spared: number;
  /** Places of tasks, and words that they contend for, that the reduction knows. */
  readonly places: number;
  readonly contended: number;
  /** Searches until nothing new was learned; the last one is the result. */
  readonly passes: number;
  /** CPUs that were interchangeable, and permutations of mms that change nothing (1: none but the one that is none). */
  readonly alikeCpus: number;
  readonly alikeMms: number;
}

/** What the searches of several cases came to: everything that was in use in some case. */
export function reductionsOf(all: readonly ReductionFigures[]): {
  readonly reduce: ReductionName;
  readonly spared: number;
  readonly passes: number;
} {
  const bits = all.reduce((seen, { used }) => seen | REDUCTIONS[used], 0);
  return {
    reduce: reductionName(bits),
    spared: all.reduce((sum, { spared }) => sum + spared, 0),
    passes: Math.max(1, ...all.map(({ passes }) => passes)),
  };
}
