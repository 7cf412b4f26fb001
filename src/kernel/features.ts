/**
 * What sets kernels apart outside the listings: one rule a field, each with the release and commit that brought it.
 *
 * The sequential model (src/sequential) reads these. A field is data on the edition: `hasChange` decides it, so a
 * commit that is taken out or ported back changes it as it changes a listing's lines.
 *
 * Reference: kernel sources and commit messages [S], [T]; recordings of real kernels [R]; memory [M].
 */
import { type Edition, hasChange, orderOf } from "./editions.js";

/** How huge_pmd_unshare() leads to a flush: not at all, by force_flush, or tracked by the gather. */
export type UnshareFlush = "none" | "force" | "gather";

export interface Features {
  readonly unshareFlush: UnshareFlush;
  /** The GiB that is recorded is the one before, when the address is the start of a GiB. */
  readonly previousGib: boolean;
  /** IPI to all CPUs: at each unshare, when a table becomes exclusive, or never. */
  readonly syncIpi: "each" | "exclusive" | "never";
  /** Splitting a VMA unshares what it cuts: before the file's lock is taken, under it, or not at all. */
  readonly splitUnshare: "none" | "before-lock" | "under-lock";
  readonly hugeDontneed: boolean;
  readonly hugeMremap: boolean;
  /** A hugetlb VMA is locked by its own semaphore during faults: i_mmap only to share. */
  readonly vmaLock: boolean;
  /** Every hugetlb fault without a PUD entry asks for sharing, and finds out inside that the VMA cannot. */
  readonly shareAsksLate: boolean;
  /** fork copies VMAs of shared hugetlb files, and shares their tables at once. */
  readonly forkCopiesShared: boolean;
  /** A zapped private huge page gives its reservation back to the VMA that still maps the place. */
  readonly restoreReserve: boolean;
  /** One gather serves all VMAs of a madvise; that of a hugetlb VMA is finished under i_mmap, and begun again. */
  readonly madviseBatches: boolean;

  /** MADV_POPULATE_READ and _WRITE. */
  readonly populates: boolean;
  /** Pages that migrate are flushed together, when another CPU has run the mm. */
  readonly migrateBatches: boolean;
  readonly mprotectGathers: boolean;
  /** mprotect may make a page of one's own writable at once; of huge pages too. */
  readonly upgradeWritable: boolean;
  readonly upgradeWritableHuge: boolean;
  /** A write to the huge zero page gets a huge page; before, the entry was split. */
  readonly hugeZeroReplaced: boolean;
  readonly movePud: boolean;
  /** flush_tlb_range() asks lazy CPUs too. */
  readonly rangeFreesTables: boolean;
  /** A write to a page with one owner is reused by its count, which the LRU's per-CPU list raises. */
  readonly reuseByCount: boolean;

  /** Slots of a gather's first batch and of the others that can be used. */
  readonly batch: {
    readonly local: number;
    readonly slots: number;
    readonly batches: number;
    readonly folios: boolean;
  };
  /** Tables are freed by RCU, `tableBatch` at a time, and not in the batches of pages. */
  readonly rcuTables: boolean;
  readonly tableBatch: number;
  /** DONTNEED of a whole table's span frees the table. */
  readonly reclaimTables: boolean;
  /** The exit's gather has a name of its own. */
  readonly fullmmGather: boolean;
  /** Built with five levels: an untouched PGD slot of its own is flushed. */
  readonly fiveLevelBuild: boolean;

  /** Local and remote TLBs are flushed at the same time. */
  readonly flushTogether: boolean;
  /** A CPU that already is current says nothing; before, it traced 0 pages. */
  readonly quietWhenCurrent: boolean;
  /** A CPU that switched away stays in the mm's CPU mask until a flush reaches it. */
  readonly lazyMask: boolean;

  /** Tables of which levels count in PageTables: 1 PTE, 2 PMD, 3 PUD, 4 PGD. */
  readonly countedTables: readonly number[];
  /** File-backed VMAs that follow each other leave a file's tree under one lock. */
  readonly unlinkBatches: boolean;
}

/** The features of an edition. */
export function featuresOf(edition: Edition): Features {
  const has = (release: string, commit: string): boolean => hasChange(edition, release, commit);
  return { ...hugetlbFeatures(edition, has), ...pageFeatures(has), ...gatherFeatures(edition, has) };
}

type Has = (release: string, commit: string) => boolean;

function hugetlbFeatures(edition: Edition, has: Has) {
  const seed = has("5.16", "a4a118f2eead");
  const tracked = has("7.0", "8ce720d5bd91");
  const unsharesAtSplit = has("6.2", "b30c14cd6102") || has("6.16", "081056dc00a2");
  // From 6.3 on the split holds the file's lock when it adjusts a VMA [S].
  const splitUnshare = orderOf(edition.base) >= orderOf("6.3") ? "under-lock" : "before-lock";
  return {
    unshareFlush: tracked ? "gather" : seed ? "force" : "none",
    previousGib: !has("5.19", "48381273f873"),
    syncIpi: tracked ? "exclusive" : has("6.16", "1013af4f585f") ? "each" : "never",
    splitUnshare: unsharesAtSplit ? splitUnshare : "none",
    hugeDontneed: has("5.18", "90e7e7f5ef3f"),
    hugeMremap: has("5.16", "550a7d60bd5e"),
    vmaLock: has("6.1", "40549ba8f8e0"),
    shareAsksLate: !has("6.1", "bbff39cc6cbc"),
    forkCopiesShared: !has("6.0", "bcd51a3c679d"),
    restoreReserve: has("6.10", "df7a6d1f6405"),
    madviseBatches: has("6.16", "43c4cfde7e37"),
  } as const;
}

function pageFeatures(has: Has) {
  return {
    populates: has("5.14", "4ca9b3859dac"),
    migrateBatches: has("6.3", "7e12beb8ca2a"),
    mprotectGathers: has("5.19", "4a18419f71cd"),
    upgradeWritable: has("5.19", "64fe24a3e05e"),
    upgradeWritableHuge: has("6.2", "c27f479ef542"),
    hugeZeroReplaced: has("6.13", "1ced09e0331f"),
    movePud: has("5.11", "be37c98d1134"),
    rangeFreesTables: has("6.15", "3ef938c35035"),
    reuseByCount: !has("5.19", "6c287605fd56"),
  } as const;
}

function gatherFeatures(edition: Edition, has: Has) {
  const folios = has("6.9", "d7f861b9c43a");
  return {
    // A range of a folio takes two slots, so the last slot of a batch is left for it [S: kernel.md 3.3].
    batch: folios ? { local: 7, slots: 509, batches: 19, folios } : { local: 8, slots: 510, batches: 19, folios },
    rcuTables: has("6.14", "718b13861d22"),
    tableBatch: 509,
    reclaimTables: has("6.14", "4817f70c25b6"),
    fullmmGather: has("5.12", "d8b450530b90"),
    // A choice of the build: Debian's, which made the recordings, has five levels in 6.1 and later [R].
    fiveLevelBuild: orderOf(edition.base) >= orderOf("6.1"),
    flushTogether: has("5.13", "4ce94eabac16"),
    quietWhenCurrent: has("5.19", "aa44284960d5"),
    lazyMask: has("6.13", "209954cbc7d0"),
    countedTables: has("6.14", "d95936a2267c") ? [1, 2, 3, 4] : [1, 2],
    unlinkBatches: has("6.10", "3577dbb19241"),
  } as const;
}
