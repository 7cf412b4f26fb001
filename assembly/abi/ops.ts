/**
 * The micro-ops that listings compile to. What their operands mean: operands.ts.
 *
 * An op is four words: opcode, a, b, c. Ops below Op.VISIBLE touch only what the task alone can see, or read what a
 * lock that it holds keeps still; they run together with the visible op before them. Every op from Op.VISIBLE on has
 * one effect that another CPU could tell apart, and is one step of a schedule.
 *
 * Operand notation: r a register, # a number, L a level, @ an op index to jump to, k a lock (LockRef).
 */
export const enum Op {
  // --- control: registers and branches ---
  /** @a */
  JUMP,
  /** r a, @b */
  BRANCH_ZERO,
  BRANCH_NONZERO,
  /** r a, r b, @c: jump when a >= b */
  BRANCH_GE,
  /** r a, # b */
  SET,
  /** r a := r b */
  MOVE,
  /** r a += / -= pages of level b */
  ADD_PAGES,
  SUB_PAGES,
  /** r a := r b rounded to level c */
  ALIGN_DOWN,
  ALIGN_UP,
  /** r a := r a + r b - r c */
  SHIFT_BY,
  /** r a := bit test of r b with mask # c */
  TEST,
  // --- reading what a held lock keeps still ---
  /** ENTRY, TABLE of MM at r a, level L b (0 when a table is missing) */
  WALK,
  /** NEW_ENTRY, and its table in TMP, of MM at r a, level L b */
  WALK_NEW,
  /** r a := the entry word at ENTRY; PAGE its frame */
  READ_ENTRY,
  /** r a := 1 when the table TABLE is shared (b: 0 by reference count, 1 by pt_share_count) */
  PMD_SHARED,
  /** r a := whether VMA may share a PMD table at ADDRESS (want_pmd_share) */
  WANT_SHARE,
  /** TABLE := a table to share for VMA at ADDRESS, or 0 (page_table_shareable over the interval tree) */
  FIND_SHAREABLE,
  /** RANGE_START, RANGE_END widened to whole GiBs inside VMA (adjust_range_if_pmd_sharing_possible) */
  WIDEN_RANGE,
  /** VMA := the VMA of MM at r a or 0; TMP its flags */
  FIND_VMA,
  /** VMA := next VMA detached by this task after VMA (0 starts), with START and END; 0 at the end */
  NEXT_DETACHED,
  /** VMA := next VMA of FILE's tree that overlaps pages [INDEX, END) after VMA; MM, ADDRESS, LAST of the overlap */
  NEXT_IN_TREE,
  /** ADDRESS, LAST := bounds of VMA; r a := 1 when it is hugetlb; FILE its file */
  VMA_BOUNDS,
  /** FILE, INDEX := file and page index of ADDRESS in VMA */
  VMA_INDEX,
  /** INDEX := next cached page of FILE at or after INDEX below END; PAGE its frame, 0 at the end */
  NEXT_CACHED,
  /** r a := 1 when PAGE is mapped anywhere */
  PAGE_MAPPED,
  /** r a := 1 when INDEX is not below the size of FILE */
  BEYOND_SIZE,
  // --- the task's own gather ---
  /** record [r a, + pages of level b) at level c */
  RECORD,
  /** r a := 1 when the gather holds something to flush */
  GATHER_NEEDS,
  /** RANGE_START, RANGE_END, STRIDE, TABLES, FULL from the gather; FLUSH_MM its mm */
  GATHER_RANGE,
  GATHER_RESET,
  /** queue PAGE; r a := 1 when the batch is full */
  GATHER_QUEUE,
  /** r a := number of frames queued */
  GATHER_QUEUED,
  /** r a := 1 when the batch is full */
  GATHER_FULL,
  /** promote to a full flush with freed tables, when another gather is open on the mm (r a holds the count) */
  GATHER_PROMOTE,
  /** oracle: what this task has cleared and not flushed must lie inside what its gather recorded */
  CHECK_RECORDED,
  /** the same for a flush of [RANGE_START, RANGE_END) of FLUSH_MM that reaches tables */
  CHECK_RANGE,
  // --- back-end decisions ---
  /** FULL := more strides than the ceiling */
  X86_CEILING,
  /** FULL := limits of __flush_tlb_range; b: 1 with range operations */
  ARM64_LIMITS,
  /** r a := TTL level hint of the gather, 0 for none */
  ARM64_HINT,
  /** FULL := tables were freed, or more strides than tlb_flush_all_threshold */
  RISCV_LIMITS,
  /** r a := 1 when a secondary MMU mirrors MM, and then MM := it */
  SECONDARY,
  /** r a := 1 when an invalidation of the secondary MMU MM is under way, or one has ended since sequence r b */
  NOTIFY_RETRY,
  /** r a := entries that the secondary MMU MM has dropped without a flush */
  TLBS_DIRTY,
  /** r a := its low 32 bits */
  TRUNCATE,
  /** r a := 1 when the hardware has the erratum # b */
  ERRATUM,
  /** SIGNAL of the task := # a */
  SIGNAL,
  /** mark the gather: a PMD table was unshared, and fully when TABLE counts no other sharer any more */
  GATHER_UNSHARE,
  /** r a := 1 when the gather has unshared a table (# b: 0), or has one that became exclusive (# b: 1) */
  GATHER_UNSHARED,
  /** the gather's exclusive tables are safe from software walkers */
  GATHER_SYNCED,
  /** r a := 1 when the next frame to free is a table while another CPU has its interrupts off */
  GATHER_WALKERS,
  /** the gup_fast walk has succeeded and keeps PAGE */
  GUP_KEEP,
  /** r a := 1 when the task holds lock k b for write */
  LOCK_HELD,
  // --- ordinary pages ---
  /** r a, r b, @c: jump when a == b */
  BRANCH_EQ,
  /** LAST := end of what one pair of PTE tables holds of the move of [ADDRESS, END) to INDEX */
  MOVE_EXTENT,
  /** ADDRESS := first address after the missing table there, at most LAST */
  SKIP_TABLE,
  /** r a := 1 when PAGE is still page INDEX of FILE */
  STILL_CACHED,
  /** FILE := the file of VMA; r a := 1 when it has one */
  VMA_FILE,
  /** r a := page level of FILE */
  FILE_LEVEL,
  /** r a := 1 when PAGE is dirty (PG_dirty) */
  PAGE_DIRTY,
  /** r a := 1 when the gather has unmapped frames without references (vma_pfn) */
  GATHER_PFN,
  /** r a := 1 when the gather's range is not empty */
  GATHER_SPAN,
  /** the gather forgets levels and tables; its range takes in [START, END) (# a: 1), or everything (0) */
  GATHER_FORCE,
  /** the deferred flushes of this task are done */
  BATCH_RESET,
  /** r a := bits of the deferred flushes that this task owes */
  BATCH_DUE,
  /** r a := 1 when a reclaim flush of MM is worth deferring (arch_tlbbatch_should_defer) */
  BATCH_DEFER,
  /** r a := 1 when mremap may move [START, END) of VMA to NEW_START: all of it in VMA, and nothing where it goes */
  MAY_MOVE,
  // --- collapse ---
  /** r a := live entries of the table that ENTRY points to */
  LIVE_BELOW,
  /** r a := 1 when PAGE is a huge page of an mm's own, whose mappings are counted */
  OWN_HUGE,
  /** table r a is kept with the huge page PAGE */
  DEPOSIT,
  /** r a := 1 when VMA is in FILE's tree and overlaps its pages [INDEX, END); then MM, ADDRESS, LAST of the overlap */
  STILL_IN_TREE,

  VISIBLE = 96,
  // --- locks ---
  /** k a, rank # b */
  LOCK_READ = 96,
  LOCK_WRITE,
  /** k a, rank # b, r c := 1 when taken */
  TRYLOCK_WRITE,
  UNLOCK,
  DOWNGRADE,
  // --- VMAs and files ---
  /** split at START and END, detach what lies between from MM */
  DETACH_VMAS,
  /** detach every VMA of MM */
  DETACH_ALL,
  /** clear VM_MAYSHARE of VMA */
  VMA_UNSHAREABLE,
  /** take VMA out of its file's interval tree */
  UNLINK_FILE_VMA,
  /** forget the VMAs that this task has detached */
  FREE_VMAS,
  /** link a VMA: MM, START, END, FLAGS, FILE (+1), OFFSET */
  MMAP,
  /** link a copy of the VMA's part [START, END) at NEW_START, as copy_vma does */
  COPY_VMA,
  /** split VMAs of MM at START and END; give those between the protection PROT */
  PROTECT_VMAS,
  /** size of FILE := r a pages */
  WRITE_SIZE,
  // --- page tables ---
  /** clear the PUD entry of MM at ADDRESS (guard lock k a) */
  PUD_CLEAR,
  /** count of TABLE's sharers up, down (a: 0 its reference count, 1 pt_share_count) */
  TABLE_GET,
  TABLE_PUT,
  /** install TABLE in MM's PUD entry at ADDRESS if it is empty; r a := 1 when installed */
  PUD_POPULATE,
  /** make the missing tables of MM down to level L b for r c; r a := 0 without memory */
  ALLOC_TABLES,
  /** clear the entry at ENTRY of level L a (guard lock k b); r c := the old entry unless c is 0 */
  CLEAR_ENTRY,
  /** write PAGE with PROT at ENTRY of level L a; # b: 1 when it is dirty from the start */
  SET_ENTRY,
  /** take the write right from the entry at ENTRY, level L a */
  PROTECT_ENTRY,
  /** move ENTRY to NEW_ENTRY, level L a, guard lock k b; r c holds the address of NEW_ENTRY (0: not checked) */
  MOVE_ENTRY,
  /** free a table of MM that no VMA needs in [START, END); r a := 1 when there was one, 3 when it is left in PAGE */
  FREE_NEXT_TABLE,
  // --- pages ---
  /** map count of PAGE up, down */
  RMAP_ADD,
  RMAP_REMOVE,
  /** reference of PAGE down; at zero it is free */
  PUT_PAGE,
  /** PAGE := page INDEX of FILE, allocated if missing; r a := 0, or 7 beyond the size */
  FIND_OR_ALLOC_PAGE,
  /** take PAGE (INDEX of FILE) out of the page cache and drop its reference */
  REMOVE_FROM_CACHE,
  /** a new page takes the place of PAGE in FILE at INDEX (migration); the old reference is dropped */
  REPLACE_IN_CACHE,
  /** PAGE := a fresh anonymous page of MM; r a := 0, or 7 without memory */
  ALLOC_ANON_PAGE,
  /** clear up to # b entries of one table in [ADDRESS, LAST), # c: 1 leaves map counts; r a := ZapResult */
  ZAP_PTES,
  /** give the entries of one table in [ADDRESS, LAST) the rights PROT, # b: 1 records them; r a := ProtectResult */
  PROTECT_PTES,
  // --- gathers ---
  /** open the gather on MM; # a: 1 for fullmm */
  GATHER_START,
  /** r a := open gathers on the gather's mm */
  GATHER_COUNT,
  /** drop the reference of one queued page; r a := 1 while more are queued */
  GATHER_FREE,
  GATHER_FINISH,
  // --- x86 ---
  /** next tlb_gen of FLUSH_MM into GENERATION */
  X86_NEXT_GENERATION,
  /** flush_tlb_func on this CPU */
  X86_FLUSH_LOCAL,
  /** interrupt the other CPUs that need it */
  X86_SEND_IPI,
  X86_WAIT_IPI,
  // --- broadcast ---
  /** TLBI of FLUSH_MM [RANGE_START, RANGE_END) or all when FULL, leaf-only unless TABLES; hint in r a (# 0: none) */
  TLBI,
  DSB,
  // --- the CPU ---
  /** wait until the PUD entry of mm NEW_START at START is empty: how a scenario orders two tasks */
  AWAIT_CLEAR,
  /** user load (a = 0) or store (a = 1, value VALUE) at ADDRESS; @b when it faults */
  ACCESS,
  /** load mm NEW_START into this CPU (switch_mm_irqs_off) */
  SWITCH_MM,
  ENTER_LAZY,
  LEAVE_MM,
  /** end of a call; # a: 1 when nobody may use [START, END) any more as the call found it, 2: nobody may store there;
      # b: 1 when it is one step with what came before */
  RETURN,
  // --- software walkers ---
  /** interrupts off, and a gup_fast walk of MM at ADDRESS begins */
  GUP_BEGIN,
  /** reads one entry; r a := 0 nothing there, 1 a table, 2 a page */
  GUP_STEP,
  /** a reference of PAGE for r a := 1, unless it has none left */
  GUP_GRAB,
  /** r a := 1 when the entry is still what it was, and (# b: 2, for a base page) the one above it too */
  GUP_UNCHANGED,
  /** interrupts on */
  GUP_END,
  /** interrupt every other CPU, and wait until each has taken it */
  SYNC_IPI,
  SYNC_WAIT,
  /** a reference on the PMD table of mm NEW_START at START for r a := 1; and dropped */
  SPECULATE,
  UNSPECULATE,
  /** cut the VMA of MM at r a */
  SPLIT_VMA,
  /** interrupt the CPUs of MM's mask, this one left out, to drop everything that they have cached */
  SEND_FLUSH_ALL,
  /** a step that changes nothing but the task's place */
  PAUSE,
  /** fence the other CPUs of FLUSH_MM's mask, and this one if it is in it */
  RISCV_SEND,
  RISCV_FENCE_LOCAL,
  // --- what failing, switching and collapsing need ---
  /** the next VALUE pages asked for a table batch are not to be had */
  FAIL_BATCHES,
  /** interrupts of this CPU off (# a = 1) or on (0) */
  IRQ_OFF,
  /** the first half of a switch to mm NEW_START: this CPU enters its mask; and the second: the load itself */
  SWITCH_BEGIN,
  SWITCH_END,
  /** clear the entry of MM at ADDRESS, level # a, that points to a table; PAGE := the table, or 0 without one */
  UNHOOK_TABLE,
  // --- secondary MMUs ---
  /** MM mirrors the memory of mm NEW_START from here on */
  MIRROR,
  /** an invalidation of the secondary MMU MM begins (# a = 1) or ends (0) */
  NOTIFY,
  /** r a := its sequence number */
  NOTIFY_SEQUENCE,
  /** PAGE := what the mirrored mm maps at START, level # b; r a := 1 when it maps anything */
  MIRRORED,
  /** clear the leaf entries of MM in [ADDRESS, LAST), level # b; r a := 1 when there was one */
  CLEAR_LEAVES,
  /** clear the entries of the table PAGE, level # a, that nothing points to any more; it was at START */
  CLEAR_ORPHANS,
  /** as CLEAR_LEAVES of the page at START, without a flush; COUNT_DIRTY follows */
  DROP_UNFLUSHED,
  // --- kernel mappings, ASIDs ---
  /** every other CPU is asked to invalidate [RANGE_START, RANGE_END) for the kernel; and this one does */
  KERNEL_SEND,
  KERNEL_LOCAL,
  /** a new generation of ASIDs begins */
  ASID_ROLLOVER,
  /** r a := the ASID that mm FLUSH_MM has now */
  READ_ASID,
  /** TLBI of [RANGE_START, RANGE_END) for the ASID in r a, which FLUSH_MM may no longer have */
  TLBI_ASID,
  // --- copy on write ---
  /** r a := gathers that are open on MM */
  FLUSH_PENDING,
  /** PAGE := a new page of MM with the content of PAGE, which goes to INDEX */
  COPY_PAGE,
  // --- ordinary pages ---
  /** move the entries of level 0 in [ADDRESS, LAST) to INDEX (guard lock k b); r a := MoveResult bits */
  MOVE_PTES,
  /** PAGE := page INDEX of FILE with one more reference, or 0 */
  GET_CACHED,
  /** the entry at ENTRY, if it is present, becomes writable and dirty when PROT allows it */
  MAKE_WRITABLE,
  /** note that the old entry in r b (0: any) has left MM, flush deferred: # a 0 as a bool, 1 as a generation */
  BATCH_MARK,
  /** the task's batch takes in the CPUs of MM; x86: next tlb_gen of MM */
  BATCH_ADD,
  /** interrupt the CPUs of the task's batch, this one too: each drops all that its mm owes */
  BATCH_SEND,
  /** pages whose map count was left for the flush lose it (tlb_flush_rmaps) */
  FLUSH_RMAPS,
  /** mm->tlb_flush_pending of MM: # a 0 false, 1 true, 2 one less, 3 one more */
  PENDING,
  /** r a := 1 when tlb_flush_pending of MM says so */
  PENDING_READ,
  /** the entry at ENTRY becomes a NUMA hinting entry: hardware faults, the page stays */
  SET_PROTNONE,
  /** PAGE becomes dirty if the old entry in r a was */
  MARK_DIRTY,
  /** r a := whether PAGE was dirty; it is clean now (TestClearPageDirty) */
  CLEAR_DIRTY,
  /** write-back takes the content of PAGE */
  WRITE_OUT,
  /** wait until the entry of mm NEW_START at START is empty */
  AWAIT_ZAPPED,
  /** PAGE := page INDEX of the driver's FILE, without a reference; r a := 0, or 7 beyond the size */
  DEVICE_PAGE,
  /** PAGE := the huge zero page, with one more reference; r a := 0, or 7 without memory */
  GET_HUGE_ZERO,
  /** free the huge zero page if only the shrinker's own reference is left */
  SHRINK_HUGE_ZERO,
  /** r a := what mm->tlb_flush_batched of MM has pending, 0 when all of it is flushed */
  BATCH_READ,
  /** mm->tlb_flush_batched of MM: # a 0 all is flushed (bool), 1 what r BATCH has seen is flushed */
  BATCH_DONE,
  // --- collapse ---
  /** PAGE := a fresh huge page of MM; r a := 0, or 7 without memory */
  ALLOC_HUGE,
  /** take the pages of table r b from everybody else; r a := 1 when nobody else uses one, and there is one */
  ISOLATE_PAGES,
  /** copy the next page of table r b into huge page INDEX; PAGE, ENTRY, TABLE, ADDRESS := it and its place; r a := 0
   * at the end */
  COPY_NEXT,
  /** ENTRY points to table r a again */
  POPULATE,
  /** free the table deposited with PAGE */
  WITHDRAW,
  /** maps huge page PAGE with PROT at ENTRY unless something is there by now; r a := 1 when it did */
  SET_HUGE,
  /** the task stands in the wait queue in the place of lock k a */
  PREPARE_TO_WAIT,
  /** sleep until that wait queue is empty */
  SLEEP,
  /** who stands in the wait queue stands there no more: it wakes */
  WAKE_UP,
  /** MM has dropped one more entry without a flush; VALUE is what the count stood at before, at least */
  COUNT_DIRTY,
  COUNT,
}
