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
  bug("B3(ii)", "a dying VMA lends its table", "2.6.20 to 3.5", ["d833352a4338"], "scenario to be written"),
  bug("B6", "VMA split of a shared GiB", "2.6.20 to 6.15", ["081056dc00a2"], "split with sharing", ["CVE-2025-38084"]),
  bug("B7", "GUP-fast inside an unshared table", "2.6.20 to 6.15", ["1013af4f585f"],
    "GUP-fast as a walker", ["CVE-2025-38085"]),
  bug("B8(i)", "a speculative reference fakes sharing", "2.6.20 to 6.12", ["59d9094df3d7"],
    "speculative references", ["CVE-2024-57883"]),
  bug("B8(ii)", "two readers of the old share count", "6.13 to 6.19", ["59d9094df3d7"],
    "speculative references", ["CVE-2026-23100"]),
  bug("B14", "PFNMAP unmap against unmap_mapping_range", "to 5.18", ["b67fbebd4cf9"],
    "frames without references", ["CVE-2022-39188"]),
  bug("B15(a)", "deferred reclaim flush against mprotect", "4.3 to 4.12", ["3ea277194daa"], "deferred reclaim flushes"),
  bug("B15(b)", "the pending flag erases a concurrent setting", "4.13 to 5.16", ["5ee2fa2f0636"],
    "deferred reclaim flushes"),
  bug("B15(c)", "madvise takes the lock again and does not look again", "to 6.15", ["383c4613c67c"],
    "deferred reclaim flushes"),
  bug("B15(d)", "a DSB does not wait for another CPU's TLBI", "to 6.15", ["4b634918384c"], "deferred reclaim flushes"),
  bug("B16", "large folio freed before the deferred flush", "to 6.8", ["bc2ff4cbc329"], "deferred reclaim flushes"),
  bug("B17(a)", "tlb_flush_pending was a bool", "to 4.12", ["16af97dc5a89"], "nested gathers that readers look at"),
  bug("B17(b)", "two gathers over one range", "to 4.12", ["99baac21e458"], "gathers under a read lock"),
  bug("B17(c)", "the forced flush forgets the levels", "4.13 to 5.1", ["7a30df49f63a"], "gathers under a read lock"),
  bug("B19", "dirty bit against write-back", "to 3.14; to 6.1", ["1cf35d47712d", "5df397dec7c4"], "write-back"),
  bug("B20(a)", "khugepaged against GUP-fast", "to 6.0", ["70cbc3cc78a9"], "GUP-fast as a walker"),
  bug("B20(b)", "khugepaged frees a table under GUP-fast", "to 6.0", ["2ba99c5e0881"], "GUP-fast as a walker"),
  bug("B28", "huge zero page freed before the flush", "to 4.5", ["aa88b68c3b1d"], "transparent huge pages"),
];
