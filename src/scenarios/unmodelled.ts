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
    "speculative references", ["CVE-2026-23100"]),
  bug("B15(c)", "madvise takes the lock again and does not look again", "to 6.15", ["383c4613c67c"],
    "deferred reclaim flushes"),
  bug("B18(a)", "uffd write-protection and copy on write", "5.7 to 5.12", ["6ce64428d620"], "userfaultfd"),
  bug("B20", "khugepaged against GUP-fast", "to 6.0", ["70cbc3cc78a9", "2ba99c5e0881"], "GUP-fast as a walker"),
  bug("B26", "arm64 ASID rollover", "to 5.14", ["5e10f9887ed8"], "ASID rollover"),
  bug("B27", "INVLPG that leaves global entries", "to 6.3", ["ce0b15d11ad8"], "faulty invalidation"),
  bug("B29(a)", "KVM flushes the wrong range", "to 5.15", ["574c3c55e969"], "secondary MMUs"),
  bug("B29(b)", "KVM drops a pending flush", "to 5.11", ["315f02c60d94"], "secondary MMUs"),
  bug("B29(c)", "a flush count that overflows", "to 5.10", ["88bf56d04bc3"], "secondary MMUs"),
  bug("B29(d)", "a leaf's level hint for a table", "to 6.9", ["36e008323926"], "secondary MMUs"),
];
