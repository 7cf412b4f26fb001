/**
 * Stable releases: "6.1.192" is 6.1 with the commits that its branch had taken over by then.
 *
 * Only commits that some rule of the model asks for stand here. A branch that is not listed has a commit if its
 * mainline release has it.
 *
 * Reference: kernel.org change logs and CVE records, as collected for this project [T]; [D] where a recording
 * brackets it.
 */

/** For each commit: stable branch, and its first patch level with the commit. */
const backports: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // CVE-2021-4002, the seed.
  a4a118f2eead: { "4.19": 219, "5.4": 163, "5.10": 83, "5.15": 6 },
  // huge_pmd_unshare no longer steps back into the previous GiB.
  "48381273f873": { "5.10": 121, "5.15": 46, "5.17": 14, "5.18": 3 },
  // VMA split unshares, first attempt; CVE-2025-38084 repairs its locking.
  b30c14cd6102: { "6.1": 8 },
  "081056dc00a2": { "5.10": 239, "5.15": 186, "6.1": 142, "6.6": 95, "6.12": 35, "6.15": 4 },
  // CVE-2025-38085: an IPI to all CPUs at each unshare.
  "1013af4f585f": { "5.10": 239, "5.15": 186, "6.1": 142, "6.6": 95, "6.12": 35, "6.15": 4 },
  // CVE-2025-22045: flush_tlb_range() says that tables may have been freed.
  "3ef938c35035": { "6.1": 134, "6.6": 87, "6.12": 23, "6.13": 11, "6.14": 2 },
  // Unsharing is tracked by the gather. 6.18.5 has it not, 6.18.15 has it [D].
  "8ce720d5bd91": { "6.1": 167, "6.12": 74, "6.18": 10 },
};

export interface StableRelease {
  /** The mainline release that the branch came from. */
  readonly base: string;
  readonly with: readonly string[];
  readonly without: readonly string[];
}

/**
 * Reads "6.1.192" or "5.10.223-prefix" (the seed's diff taken out again). Undefined for a name of another form.
 */
export function parseStable(name: string): StableRelease | undefined {
  const [, base, level, prefix] = /^(\d+\.\d+)\.(\d+)(-prefix)?$/.exec(name) ?? [];
  if (base === undefined || level === undefined) return undefined;
  const taken = Object.entries(backports).filter(([, branches]) => (branches[base] ?? Infinity) <= Number(level));
  const seed = "a4a118f2eead";
  const commits = taken.map(([commit]) => commit).filter((commit) => prefix === undefined || commit !== seed);
  return { base, with: commits, without: prefix === undefined ? [] : [seed] };
}
