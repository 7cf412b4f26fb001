/**
 * The records of who runs and what is owed: a task, its gather, a flush obligation.
 *
 * Same rules as layout.ts: members are word indices in the record, WORDS is its size, 64-bit values take two words.
 */

export const REGISTERS: u32 = 28;

export const enum Task {
  PC,
  /** 0 running, 1 finished. */
  DONE,
  MM,
  CPU,
  /**
   * Word that it waits for, and 1 when all of it must be zero, 0 when its bit 31: a lock, an entry, Cpu.AWAITED.
   * Word 0 is always zero: it is what a task waits for that waits for nothing.
   */
  WAIT,
  WAIT_WRITE,
  /** Next word of the script, and its end. */
  SCRIPT,
  SCRIPT_END,
  /** Bit set of the ranks of locks held, for the lock-order check. */
  RANKS,
  /** Signal that the last call ended with: 0, 7 SIGBUS, 11 SIGSEGV. */
  SIGNAL,
  /** What the last user load saw. */
  VALUE,
  /** Concrete walk in flight: level + 1 and table frame. */
  WALK_LEVEL,
  WALK_TABLE,
  /** Software walk in flight (gup_fast): its table + 1, 0 when there is none, and the level of the table's entries. */
  GUP_TABLE,
  GUP_LEVEL,
  /** REGISTERS values of two words. */
  REGISTER,
  /** Deferred reclaim flushes (struct tlbflush_unmap_batch): CPUs to flush; 1 when some are due, 2 when dirty ones. */
  BATCH_CPUS = 15 + 28 * 2,
  BATCH_DUE,
  WORDS,
}

/** One mmu_gather; its batch (BATCH words of frame) follows. Each task has GATHERS of them. */
export const enum Gather {
  /** mm + 1; 0 is closed. */
  MM,
  START,
  END = 3,
  /** GatherBit set. */
  BITS = 5,
  COUNT,
  WORDS,
}

export const GATHERS: u32 = 1;

export const enum GatherBit {
  CLEARED_0 = 1,
  CLEARED_1 = 2,
  CLEARED_2 = 4,
  CLEARED_3 = 8,
  FREED_TABLES = 16,
  FULLMM = 32,
  /** A PMD table was unshared; one was, and became exclusive to another mm (8ce720d5bd91). */
  UNSHARED = 64,
  FULLY_UNSHARED = 128,
  /** Frames without references were unmapped (vma_pfn). */
  PFN = 256,
  /** What tlb_flush_mmu_tlbonly looks at before it does anything. */
  NEEDS_FLUSH = 95,
}

/** Flush obligation: what hardware may still hold although the tables no longer say so. */
export const enum Obligation {
  MM,
  START,
  /** Level of the entry; a table entry has OBLIGATION_TABLE added. */
  LEVEL = 3,
  FRAME,
  GENERATION,
  /** Bit set of CPUs that may hold it. */
  HOLDERS,
  /** Bit set of CPUs that have issued a TLBI that covers it and not yet waited. */
  ISSUED,
  /** ObligationFlag set. */
  FLAGS,
  /** Lock (word index) that must not be dropped while anyone holds this; 0: none. */
  GUARD,
  /** Agent + 1 whose step gave birth to it: the one that must flush. */
  BY,
  /** Bit set of tasks whose present call answers for it: it was born in the call, or before the call began. */
  DUE,
  /** Step of its birth. Not hashed. */
  BIRTH,
  WORDS,
}

export const OBLIGATION_TABLE: u32 = 16;

export const enum ObligationFlag {
  /** Holders reached the entry through a paging-structure cache that was itself stale. */
  VIA_WALK = 1,
  /** The frame has been freed; the holders cannot use the entry now, and may later. */
  FREED = 2,
  /** Already reported for outliving its call. */
  REPORTED = 4,
  /** Only rights were lost; the frame is still the same. */
  RIGHTS = 8,
  /** A gather recorded a range that leaves this out. */
  UNRECORDED = 16,
  /** The entry was global: what drops a context leaves it. */
  GLOBAL = 64,
  /** The entry was writable and dirty: a holder can store without walking again. */
  STORES = 32,
}
