/**
 * The records of the simulated machine: what each word of a CPU, mm, file, VMA and frame is.
 *
 * Same rules as layout.ts: members are word indices in the record, WORDS is its size, 64-bit values take two words.
 */

/** Bookkeeping at the start of the state: counters and flags that steer nothing. */
export const enum Tally {
  STEPS,
  /** Bit set of abi/events.ts Sometimes. */
  SOMETIMES,
  /** Bit set of abi/events.ts Hidden: what hid a broken promise so far. */
  HIDDEN,
  /** Bit set of violation kinds seen so far in this run. */
  VIOLATIONS,
  /** TLB flushes asked for; those that dropped a whole context; IPIs sent; TLBIs issued. */
  FLUSHES,
  FULL_FLUSHES,
  IPIS,
  TLBIS,
  /** Hardware steps: page walks, TLB hits. */
  WALKS,
  TLB_HITS,
  /** Faults taken; pages and tables freed. */
  FAULTS,
  PAGES_FREED,
  TABLES_FREED,
  /** PMD tables attached to one more mm; detached by huge_pmd_unshare. */
  SHARED,
  UNSHARED,
  /** Obligations that found no room: the oracle has lost its memory and the verdict is bounded. */
  OVERFLOW,
  WORDS,
}

/** Small words of the hashed state. They follow Tally. */
export const enum Globals {
  FREE_TABLE,
  FREE_BASE,
  FREE_HUGE,
  /** Tails, used by first-freed-first reuse. */
  TAIL_TABLE,
  TAIL_BASE,
  TAIL_HUGE,
  OBLIGATIONS,
  /** Pages for table batches that will not be had: injected failures. */
  FAIL_BATCHES,
  /** 1 when some mm is a secondary MMU. */
  MIRRORS,
  /** arm64: generation of ASIDs, and the CPUs that have not flushed since it began. */
  ASID_EPOCH,
  ASID_FLUSH,
  /** The huge zero page, 0 when there is none. */
  HUGE_ZERO,
  WORDS,
}

export const enum Cpu {
  /** mm + 1; 0 is the kernel's own mm. */
  LOADED_MM,
  LAZY,
  IRQ_OFF,
  /** Bit set of CPUs whose flush request waits here for this CPU's interrupt; bit 31: PENDING_ALL is not empty. */
  PENDING,
  /** PCID slot in use, and the slot to hand out next. */
  SLOT,
  NEXT_SLOT,
  /** Six slots of two words: mm context, its tlb_gen when last flushed. */
  SLOTS,
  /** The flush request that this CPU last sent (struct flush_tlb_info). */
  REQUEST_MM = 18,
  REQUEST_START = 19,
  REQUEST_END = 21,
  REQUEST_STRIDE = 23,
  REQUEST_GENERATION = 24,
  REQUEST_TABLES = 25,
  /** 1 after TLBI until DSB; and its scope (abi/ops.ts Scope), level hint. */
  ISSUED = 26,
  ISSUED_SCOPE = 27,
  ISSUED_HINT = 28,
  /** Oracle: CPUs that ran the mm at the TLBI of its whole ASID, or since; 0 after the DSB. */
  RUNNERS = 29,
  /** Bit set of CPUs that this CPU has interrupted and that have not acknowledged: PENDING, seen by the sender. */
  AWAITED = 30,
  /** Bit set of CPUs with interrupts off that this CPU waits for (tlb_remove_table_sync_one, a grace period). */
  SYNCS = 31,
  /** Bit set of CPUs whose request to drop everything waits here for this CPU's interrupt (flush_tlb_all). */
  PENDING_ALL = 32,
  WORDS = 33,
}

export const enum Mm {
  PGD,
  /** Unique tag of the address space (arm64: the ASID). */
  CONTEXT,
  TLB_GENERATION,
  CPUMASK,
  /** Oracle: CPUs that may hold any translation of this mm. */
  HOLDERS,
  FLUSH_PENDING,
  /** Page-table pages that the mm is charged for, without the PGD. */
  TABLES,
  MMAP_LOCK,
  PAGE_TABLE_LOCK,
  /** A secondary MMU (KVM): mm + 1 whose memory its tables mirror; 0 for an ordinary mm. */
  MIRRORS,
  /** mmu_invalidate_in_progress and mmu_invalidate_seq of a secondary MMU. */
  NOTIFY_COUNT,
  NOTIFY_SEQUENCE,
  /** tlbs_dirty: entries dropped without a flush. 64 bits. */
  DIRTY,
  DIRTY_HIGH,
  /** arm64: which ASID of its life the mm has now, and the generation that it is good for. */
  ASID,
  ASID_EPOCH,
  /** The per-VMA locks of all its VMAs (6.4) as one: writers of any of them exclude faults in all. */
  VMA_WRITE,
  /** mm->tlb_flush_batched: deferred reclaim flushes asked for, and how many of them a flush has covered. */
  BATCH_PENDING,
  BATCH_FLUSHED,
  WORDS,
}

/** A file; its page cache (FILE_PAGES words of PFN) follows. */
export const enum FileRecord {
  I_MMAP,
  FAULT_MUTEX,
  /** Pages, in the file's own page size. */
  SIZE,
  /** Page level: 0 base, 1 huge. */
  LEVEL,
  WORDS,
}

export const enum Vma {
  /** mm + 1; 0 is a free record. */
  MM,
  START,
  END = 3,
  FLAGS = 5,
  /** file + 1; 0 is anonymous. */
  FILE,
  /** Offset in the file, in base pages. */
  OFFSET,
  LOCK = 9,
  /** task + 1 that has detached this VMA from its mm; 0 while it is linked. */
  DETACHED,
  /** 1 while the file's interval tree holds it. */
  IN_TREE,
  WORDS,
}

export const enum VmaFlag {
  READ = 1,
  WRITE = 2,
  SHARED = 4,
  MAYSHARE = 8,
  HUGETLB = 16,
  /** A mapping of the kernel's own: its entries are global. */
  KERNEL = 0x10000,
  /** Frames without references or map counts: a driver's memory (VM_PFNMAP). */
  PFNMAP = 32,
  /** Transparent huge pages are wanted (VM_HUGEPAGE). */
  HUGEPAGE = 64,
  /** Its tables may not be shared any more, though VM_MAYSHARE stays: it is armed, or without vma_lock. */
  ALONE = 128,
  /** Flags that two VMAs must agree on to share a PMD table (VM_LOCKED is not modelled). */
  SHARE_MASK = 159,
}

/**
 * What every mapping, unmapping and freeing of a page touches: sixteen bytes, so that unmapping gigabytes moves as
 * little memory as it can. The frame's other words stand apart, in Rest.
 */
export const enum Frame {
  /** Kind << USE_SHIFT, and below it the owner (mm + 1, or OWNER_FILE + file), or of a free frame the next free one. */
  USE,
  REFERENCES,
  MAPS,
  /** Grows at every free. */
  GENERATION,
  WORDS,
}

export const USE_SHIFT: u32 = 30;
export const USE_MASK: u32 = 0x3fffffff;

/** What tables, contents and the oracle need beside the Frame. SHARE and LOCK are words of tables: 0 in any other. */
export const enum Rest {
  /** Present upper entries that point to this table (hardware's view, not the kernel's count). */
  PARENTS,
  /** pt_share_count of a table: sharers beyond the first (59d9094df3d7). */
  SHARE,
  /** Split page-table lock of a table. */
  LOCK,
  /** Obligations on this frame. */
  STALE,
  /** What a load sees: one word stands for the page's bytes. */
  VALUE,
  /** A page of a file: written to since write-back last took it (PG_dirty), and what write-back took. */
  DIRTY,
  /** Of a huge page of an mm's own: the table deposited with it. */
  SAVED,
  WORDS,
}

export const enum Kind {
  FREE,
  TABLE,
  PAGE,
}

/** OWNER of a page that a file's page cache holds: this plus the file. */
export const OWNER_FILE: u32 = 0x100;
/** OWNER from here on: frames whose mappings nobody counts, a driver's memory and the huge zero page. */
export const OWNER_UNCOUNTED: u32 = 0x800;
/** OWNER of a page that khugepaged is about to copy: nobody else may come to believe in it. */
export const OWNER_ISOLATED: u32 = 0xc00;
/** OWNER of a frame that the witness hands to somebody else. */
export const OWNER_STRANGER: u32 = 0x1000;

/** Page-table entry: flags below, PFN from bit ENTRY_SHIFT up. A word of zero is not present. */
export const enum Entry {
  PRESENT = 1,
  WRITE = 2,
  ACCESSED = 4,
  DIRTY = 8,
  LEAF = 16,
  GLOBAL = 32,
  /** Not present for hardware, mapped for the kernel: a NUMA hinting entry. */
  PROTNONE = 64,
  SHIFT = 8,
}
