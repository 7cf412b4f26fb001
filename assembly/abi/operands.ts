/** The small enumerations that the operands of micro-ops use: registers, locks, machines, scopes. */

/** Registers. The first eight are a call's arguments; the host sets them by name. */
export const enum Reg {
  START,
  END,
  FILE,
  OFFSET,
  FLAGS,
  PROT,
  NEW_START,
  VALUE,
  // working registers
  ADDRESS,
  VMA,
  MM,
  TABLE,
  ENTRY,
  PAGE,
  INDEX,
  LAST,
  RANGE_START,
  RANGE_END,
  FLUSH_MM,
  STRIDE,
  TABLES,
  FULL,
  FORCE_FLUSH,
  NEW_ENTRY,
  TMP,
  GENERATION,
  /** mm->tlb_flush_batched as flush_tlb_batched_pending() has read it. */
  BATCH,
  /** A flush that a later line owes. */
  NEED_FLUSH,
}

/** Which lock an op means; the record comes from the registers. */
export const enum LockRef {
  NONE,
  /** mmap_lock of MM. */
  MMAP,
  /** i_mmap_rwsem of FILE. */
  I_MMAP,
  /** hugetlb_fault_mutex (or the instantiation mutex) of FILE. */
  FAULT,
  /** hugetlb vma_lock of VMA. */
  VMA,
  /** Split lock of TABLE. */
  PTL,
  /** page_table_lock of MM. */
  PAGE_TABLE,
  /** Split lock of the table that holds NEW_ENTRY. */
  NEW_PTL,
  /** Per-VMA locks of MM, as one. */
  VMA_WRITE,
  /** Lock of PAGE itself (folio_lock). */
  PAGE,
}

export const enum Machine {
  PRECISE,
  X86,
  ARM64,
  ARM64_RANGE,
  X86_PTI,
  X86_TCE,
  X86_INVLPGB,
  RISCV,
}

/** Faults of the hardware (Boot.ERRATA), a bit set. */
export const enum Erratum {
  /** INVLPG leaves global translations while PCIDs are in use (Alder Lake and its relatives). */
  INVLPG_GLOBAL = 1,
  /** A DSB after a TLBI ends too early; that of the next TLBI ends in time (REPEAT_TLBI). */
  DSB_EARLY = 2,
}

/** What an invalidation reaches besides the leaf entries of its addresses. */
export const enum Scope {
  /** Leaf entries only (VALE). */
  LEAF,
  /** And the paging-structure entries on the path (VAE, INVPCID). */
  PATH,
  /** And every paging-structure entry of the context (INVLPG). */
  ALL_WALK,
  /** Everything of the context. */
  CONTEXT,
}
