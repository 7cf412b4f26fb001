/**
 * What verdicts and violations mean, in plain words, and the short form of a row's violations.
 */
import type { CheckResultRow, FoundViolation } from "../explore/check.js";
import type { ViolationKind } from "../names.js";

export const meanings: Readonly<Record<ViolationKind, string>> = {
  FLUSH_AFTER_UNLOCK: "the lock is dropped while a CPU may still hold what was cleared under it",
  RANGE_NOT_RECORDED: "what was cleared is not all in the range that will be flushed",
  RIGHTS_OUTLIVE_CALL: "the call has returned, and a CPU may still use what it took away",
  STALE_TRANSLATION: "a page is free while a CPU may still translate to it",
  STALE_WALK: "a table or page is free while a CPU may still reach it from a stale table pointer",
  UNBALANCED: "a count is wrong: something is freed too early, or never",
  LOCK_NOT_HELD: "a lock that this line needs is not held",
  LOCK_ORDER: "locks are taken in the wrong order",
  DEADLOCK: "no task can move",
  LOST_WAKE_UP: "a task sleeps for ever: what it waits for was there before it slept",
  LIVELOCK: "tasks go round for ever, each of them moves, and none finishes",
  STALE_ACCESS: "a CPU used an entry whose frame is no longer what it cached",
  WRITE_LOST: "a CPU may still store to a page whose content was taken: what it stores is lost",
  WALKER_INSIDE: "a software walker reads a table that is no longer its mm's",
  MOVED_WRONG: "an entry was moved to the wrong address",
  OOPS: "a step used a pointer that is not there: a real kernel would have crashed",
};

export const verdictMeanings = {
  holds: "no promise is broken on any schedule",
  masked: "a promise is broken, and no schedule does harm on this machine",
  violated: "harm is reachable",
  bounded: "no harm so far; not every schedule was tried",
} as const;

/** From the plainest harm to the mildest broken promise. */
const GRAVITY: readonly ViolationKind[] = [
  "STALE_TRANSLATION",
  "STALE_WALK",
  "WRITE_LOST",
  "RIGHTS_OUTLIVE_CALL",
  "WALKER_INSIDE",
  "MOVED_WRONG",
  "OOPS",
  "UNBALANCED",
  "STALE_ACCESS",
  "DEADLOCK",
  "LOST_WAKE_UP",
  "LIVELOCK",
  "LOCK_NOT_HELD",
  "LOCK_ORDER",
  "FLUSH_AFTER_UNLOCK",
  "RANGE_NOT_RECORDED",
];

/** The shortest of each kind over the row's cases, gravest kind first. */
export function shortestOfEach(violations: readonly FoundViolation[]): FoundViolation[] {
  const best = new Map<ViolationKind, FoundViolation>();
  for (const violation of violations) {
    const old = best.get(violation.kind);
    if (old === undefined || violation.steps < old.steps) best.set(violation.kind, violation);
  }
  return GRAVITY.flatMap((kind) => best.get(kind) ?? []);
}

/** The harm that takes the fewest steps; of equals the gravest. */
export function shortestHarm(violations: readonly FoundViolation[]): FoundViolation | undefined {
  const harms = shortestOfEach(violations.filter((violation) => violation.severity === "harm"));
  return harms.reduce<FoundViolation | undefined>((a, b) => (a === undefined || b.steps < a.steps ? b : a), undefined);
}

/** Details of a RANGE_NOT_RECORDED over all cases: "span", "level", or both. */
export function recordedDetails(row: CheckResultRow): string[] {
  const found = row.violations.filter((violation) => violation.kind === "RANGE_NOT_RECORDED");
  return [...new Set(found.flatMap((violation) => violation.detail ?? []))];
}

/**
 * Catalogue B9: the span is right and only the level is wrong, so that what is left is a walk from a cached table
 * pointer; repaired in 7.1.
 */
export function onlyTheLevel(row: CheckResultRow): boolean {
  const details = recordedDetails(row);
  const translation = row.violations.some((violation) => violation.kind === "STALE_TRANSLATION");
  return details.length === 1 && details[0] === "level" && !translation;
}
