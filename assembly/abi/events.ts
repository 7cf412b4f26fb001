/**
 * What can be wrong, what can happen, and how a run can end: the numbers that core and host both know.
 */

/** Violation kinds, in order of report. Bit 1 << kind in masks. */
export const enum Fault {
  NONE,
  FLUSH_AFTER_UNLOCK,
  RANGE_NOT_RECORDED,
  RIGHTS_OUTLIVE_CALL,
  STALE_TRANSLATION,
  STALE_WALK,
  UNBALANCED,
  LOCK_NOT_HELD,
  LOCK_ORDER,
  DEADLOCK,
  /** Concrete hardware only: a CPU really used an entry whose frame is no longer what it cached. */
  STALE_ACCESS,
  /** A step used a pointer that is not there: a real kernel would have crashed. */
  OOPS,
  /** A store through a stale entry after the page's content was taken: written back, or copied. */
  WRITE_LOST,
  /** A software walker is inside a table that is freed, or took a page that is not the mm's from one that was not. */
  WALKER_INSIDE,
  /** mremap put an entry where source and destination are not as far apart as the call said. */
  MOVED_WRONG,
  /** Nobody can move, and a task sleeps: what it waits for has been, and nobody will wake it. */
  LOST_WAKE_UP,
  /** Tasks can move for ever, each of them, and none gets anywhere (found by the host, src/explore/livelock.ts). */
  LIVELOCK,
  COUNT,
}

/** What must be seen at least once, so that nothing passes by never coming near the danger. */
export const enum Sometimes {
  /** huge_pmd_share attached a table. */
  SHARED = 1,
  /** huge_pmd_unshare detached one. */
  UNSHARED = 2,
  /** An entry was cleared while another CPU could hold it. */
  REMOTE_HOLDER = 4,
  PAGE_FREED = 8,
  TABLE_FREED = 16,
  /** A flush reached another CPU. */
  REMOTE_FLUSH = 32,
  /** A translation was moved by mremap. */
  MOVED = 64,
  /** Rights were taken away by mprotect. */
  PROTECTED = 128,
  /** A page was unmapped by migration. */
  MIGRATED = 256,
  /** A flush dropped more than was asked for. */
  WIDENED = 512,
  /** A CPU was idle in lazy mode when a flush passed it by. */
  LAZY_SKIPPED = 1024,
  FAULTED = 2048,
  /** Reclaim deferred a flush. */
  DEFERRED = 4096,
  /** Write-back took a page. */
  WRITTEN_BACK = 8192,
  /** gup_fast took a page without a lock. */
  PINNED = 16384,
}

/** What hid a broken promise: a flush that dropped more than its gather had recorded. */
export const enum Hidden {
  /** x86: more strides than tlb_single_page_flush_ceiling. */
  CEILING = 1,
  /** arm64: as many strides as MAX_DVM_OPS. */
  DVM_LIMIT = 2,
  /** The whole mm was flushed for another reason: exit, nested gathers, a generation gap. */
  WHOLE_MM = 4,
  /** INVLPG drops every paging-structure entry of its PCID. */
  INVLPG_WALK = 8,
  /** The flush of another record covered it. */
  OTHER_RECORD = 16,
  /** riscv: more strides than tlb_flush_all_threshold. */
  FENCE_LIMIT = 32,
}

export const enum Status {
  RUNNING,
  /** Every task has finished. */
  FINISHED,
  /** A violation of the stop mask was met. */
  STOPPED,
  DEADLOCKED,
  /** The bound on steps was reached. */
  BOUNDED,
  /** The schedule names an agent that cannot move. */
  MISFIT,
  /** The schedule ended before the run did. */
  UNFINISHED,
}

/** Trace event kinds. */
export const enum EventKind {
  STEP = 1,
  /** An obligation was born / a holder was discharged. */
  OWED,
  DISCHARGED,
  /** A CPU invalidated (0xff: every CPU, a broadcast that was waited for): scope in FRAME, level hint in EXTRA. */
  INVALIDATED,
  VIOLATION,
  FREED,
  ALLOCATED,
  /** A hardware fill, a TLB hit, a walk step. */
  FILLED,
  HIT,
  FAULT,
  /** A flush was asked for: range, EXTRA: stride level | freed tables << 8 | full << 9. */
  FLUSH,
  IPI,
}

export const enum Witness {
  NONE,
  CONFIRMED,
  /** The CPU no longer held the entry. */
  GONE,
  /** The violation did not come back. */
  LOST,
}
