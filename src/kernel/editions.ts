/**
 * The editions: what the kernel's text was at a release or a commit, and what-ifs that change one line of one.
 */

export interface Edition {
  readonly name: string;
  /** The edition whose lines it has. */
  readonly base: string;
  /** What sets it apart, for people. */
  readonly title: string;
  /** Commit that made it, when there is one. */
  readonly commit?: string;
  /** Lines added (`only`) or dropped (`unless`) by a what-if. */
  readonly patch?: string;
}

const release = (name: string, commit: string, title: string): Edition => ({ name, base: name, commit, title });

/** In order of time: `since` and `until` compare positions in this list. */
export const releases: readonly Edition[] = [
  release("3.5", "972dc4de13f6", "temporary list, one unconditional flush under page_table_lock"),
  release("3.6", "24669e58477e", "mmu_gather for hugetlb; nothing records an unshare"),
  release("5.15", "8bb7eca972ad", "split page-table locks; nothing records an unshare (CVE-2021-4002)"),
  release("5.16", "a4a118f2eead", "the seed: the unshared GiB is recorded and flushed before i_mmap is dropped"),
  release("5.16+", "13e4ad2ce8df", "mremap flushes before i_mmap is dropped"),
  release("5.19", "48381273f873", "huge_pmd_unshare no longer steps back into the previous GiB"),
];

const whatIf = (name: string, base: string, patch: string, title: string): Edition => ({ name, base, patch, title });

/** One line of the seed's patch taken out or moved, and the repair that its author rejected. */
export const whatIfs: readonly Edition[] = [
  whatIf("5.16-no-record", "5.16", "no-record", "the seed without tlb_flush_pmd_range()"),
  whatIf("5.16-no-force", "5.16", "no-force", "the seed without force_flush = true"),
  whatIf("5.16-no-flush", "5.16", "no-flush", "the seed without the flush before the unlock"),
  whatIf("5.16-late-flush", "5.16", "late-flush", "the seed's flush moved after the unlock"),
  whatIf(
    "5.15-deferred-put",
    "5.15",
    "deferred-put",
    "instead of the seed: the table's reference is kept until the gather ends",
  ),
];

export const editions: readonly Edition[] = [...releases, ...whatIfs];

export function findEdition(name: string): Edition | undefined {
  return editions.find((edition) => edition.name === name);
}

/** Position of an edition in time. Throws on a name that is no release: a mistake in a listing. */
export function orderOf(name: string): number {
  const index = releases.findIndex((edition) => edition.name === name);
  if (index < 0) throw new Error(`a listing names the edition ${name}, which is not one of the releases`);
  return index;
}
