/**
 * Bugs of the catalogue that have no scenario yet, each with the feature of the machine that is missing.
 */

/** An entry of the catalogue without a scenario. */
export interface Unmodelled {
  readonly bug: string;
  readonly title: string;
  readonly cve?: readonly string[];
  readonly commits: readonly string[];
  readonly kernels: string;
  /** What the machine would have to know. */
  readonly missing: string;
}

const bug = (
  name: string,
  title: string,
  kernels: string,
  commits: readonly string[],
  missing: string,
  cve: readonly string[] = [],
): Unmodelled => ({ bug: name, title, kernels, commits, missing, ...(cve.length > 0 ? { cve } : {}) });

// biome-ignore format: a table, one bug a line or two
export const unmodelled: readonly Unmodelled[] = [
  bug("B8(ii)", "two readers of the old share count", "6.13 to 6.19", ["59d9094df3d7"],
    "smaps and mbind, which do not flush", ["CVE-2026-23100"]),
  bug("B15(c)", "madvise takes the lock again and does not look again", "to 6.15", ["383c4613c67c"],
    "folios that are split"),
];
