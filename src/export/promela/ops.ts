/**
 * What each op is in Promela: one inline call, in terms of the registers and locks of the task that moves.
 *
 * Written from the meaning given in assembly/abi/ops.ts. An op that is missing here cannot be exported yet.
 */
import { LockRef, Reg } from "../../../assembly/abi/operands.js";
import { Op } from "../../../assembly/abi/ops.js";

/** Macros of the registers, by number; each stands for the register of the task that moves. */
export const registerNames = (
  "START END FILE OFFSET FLAGS PROT NEW_START VALUE ADDRESS VMA MM TABLE ENTRY PAGE INDEX LAST RANGE_START RANGE_END " +
  "FLUSH_MM STRIDE TABLES FULL FORCE_FLUSH NEW_ENTRY TMP GENERATION BATCH NEED_FLUSH"
).split(" ");

/** Lock numbers, as expressions over registers; `name` says how a register is written. */
export function lockExpression(ref: number, name: (reg: Reg) => string): string | undefined {
  switch (ref as LockRef) {
    case LockRef.NONE:
      return "0";
    case LockRef.MMAP:
      return `MMAP_LOCK(${name(Reg.MM)})`;
    case LockRef.I_MMAP:
      return `I_MMAP_LOCK(${name(Reg.FILE)})`;
    case LockRef.FAULT:
      return `FAULT_LOCK(${name(Reg.FILE)})`;
    case LockRef.VMA:
      return `VMA_LOCK(${name(Reg.VMA)})`;
    case LockRef.PTL:
      return `PTL_LOCK(${name(Reg.TABLE)})`;
    case LockRef.VMA_WRITE:
      return `VMA_WRITE_LOCK(${name(Reg.MM)})`;
    case LockRef.PAGE:
      return `PTL_LOCK(${name(Reg.PAGE)})`;
    case LockRef.NEW_PTL:
      return `PTL_LOCK(${name(Reg.TMP)})`;
    case LockRef.PAGE_TABLE:
      return `PAGE_TABLE_LOCK(${name(Reg.MM)})`;
    default:
      return undefined;
  }
}

const r = (reg: number): string => registerNames[reg] ?? `REGISTER_${reg}`;

const lock = (ref: number): string => lockExpression(ref, r) ?? "";

type Say = (a: number, b: number, c: number) => string;

/** Local ops without the jumps: those are the flow's. */
export const localOps: Readonly<Partial<Record<Op, Say>>> = {
  // Numbers that no file and no address can have are larger than any here.
  [Op.SET]: (a, b) => `${r(a)} = ${Math.min(b, 32_766)}`,
  [Op.MOVE]: (a, b) => `${r(a)} = ${r(b)}`,
  [Op.ADD_PAGES]: (a, b) => `${r(a)} = ${r(a)} + PAGES(${b})`,
  [Op.SUB_PAGES]: (a, b) => `assert(${r(a)} >= PAGES(${b})); ${r(a)} = ${r(a)} - PAGES(${b})`,
  [Op.ALIGN_DOWN]: (a, b, c) => `${r(a)} = ALIGN_DOWN(${r(b)}, ${c})`,
  [Op.ALIGN_UP]: (a, b, c) => `${r(a)} = ALIGN_UP(${r(b)}, ${c})`,
  [Op.SHIFT_BY]: (a, b, c) => `${r(a)} = ${r(a)} + ${r(b)} - ${r(c)}`,
  [Op.TEST]: (a, b, c) => `${r(a)} = ((${r(b)} & ${c}) != 0 -> 1 : 0)`,
  // A machine with faults is refused: model.ts.
  [Op.ERRATUM]: (a) => `${r(a)} = 0`,
  [Op.WALK]: (a, b) => `walk(ENTRY, TABLE, ${r(a)}, ${b})`,
  [Op.WALK_NEW]: (a, b) => `walk(NEW_ENTRY, TMP, ${r(a)}, ${b})`,
  [Op.READ_ENTRY]: (a) => `read_entry(${r(a)})`,
  [Op.PMD_SHARED]: (a, b) => `${r(a)} = (${b !== 0 ? "share[TABLE] != 0" : "refs[TABLE] > 1"} -> 1 : 0)`,
  [Op.WANT_SHARE]: (a) => `want_share(${r(a)})`,
  [Op.FIND_SHAREABLE]: () => "find_shareable()",
  [Op.WIDEN_RANGE]: () => "widen_range()",
  [Op.FIND_VMA]: (a) => `find_vma(${r(a)})`,
  [Op.NEXT_DETACHED]: () => "next_detached()",
  [Op.NEXT_IN_TREE]: () => "next_in_tree()",
  [Op.STILL_IN_TREE]: (a) => `still_in_tree(${r(a)})`,
  [Op.VMA_BOUNDS]: (a) => `vma_bounds(${r(a)})`,
  [Op.VMA_INDEX]: () => "vma_index()",
  [Op.NEXT_CACHED]: () => "next_cached()",
  [Op.PAGE_MAPPED]: (a) => `${r(a)} = maps[PAGE]`,
  [Op.BEYOND_SIZE]: (a) => `${r(a)} = (INDEX >= file_size[FILE] -> 1 : 0)`,
  [Op.RECORD]: (a, b, c) => `record(${r(a)}, PAGES(${b}), ${1 << c})`,
  [Op.GATHER_NEEDS]: (a) => `${r(a)} = ((g_bits[me] & 95) != 0 -> 1 : 0)`,
  [Op.GATHER_RANGE]: () => "gather_range()",
  [Op.GATHER_RESET]: () => "reset_range()",
  [Op.GATHER_QUEUE]: (a) => `queue(PAGE); ${r(a)} = (g_count[me] >= BATCH_SIZE -> 1 : 0)`,
  [Op.GATHER_QUEUED]: (a) => `${r(a)} = g_count[me]`,
  [Op.GATHER_FULL]: (a) => `${r(a)} = (g_count[me] >= BATCH_SIZE -> 1 : 0)`,
  [Op.GATHER_PROMOTE]: (a) => `if :: ${r(a)} > 1 -> promote() :: else fi`,
  [Op.CHECK_RECORDED]: () =>
    "check_recorded(g_mm[me] - 1, g_start[me], g_end[me], (g_bits[me] & (FREED_TABLES | UNSHARED)) != 0, " +
    "(g_bits[me] & FULLMM) != 0)",
  [Op.CHECK_RANGE]: () => "check_recorded(FLUSH_MM, RANGE_START, RANGE_END, 1, 0)",
  [Op.X86_CEILING]: () => "x86_ceiling()",
  [Op.ARM64_LIMITS]: () => "arm64_limits()",
  [Op.ARM64_HINT]: (a) => `${r(a)} = LEVEL_HINT`,
  [Op.RISCV_LIMITS]: () => "riscv_limits()",
  [Op.SKIP_TABLE]: () => "skip_table()",
  [Op.LIVE_BELOW]: (a) => `live_below(${r(a)})`,
  // No op that makes a huge zero page has a form.
  [Op.OWN_HUGE]: (a) => `${r(a)} = 1`,
  [Op.STILL_CACHED]: (a) => `${r(a)} = (CACHED(FILE, INDEX) == PAGE -> 1 : 0)`,
  [Op.VMA_FILE]: (a) => `vma_file(${r(a)})`,
  // No file of a model is a driver's memory.
  [Op.GATHER_PFN]: (a) => `${r(a)} = 0`,
  [Op.GATHER_UNSHARE]: () => "gather_unshare()",
  [Op.GATHER_UNSHARED]: (a, b) => `${r(a)} = ((g_bits[me] & ${b !== 0 ? "FULLY_UNSHARED" : "UNSHARED"}) != 0 -> 1 : 0)`,
  [Op.GATHER_SYNCED]: () => "g_bits[me] = g_bits[me] & ~FULLY_UNSHARED",
  [Op.GATHER_WALKERS]: (a) => `gather_walkers(${r(a)})`,
  [Op.LOCK_HELD]: (a, b) => `${r(a)} = (HELD_FOR_WRITE(${lock(b)}) -> 1 : 0)`,
  [Op.MAY_MOVE]: (a) => `may_move(${r(a)})`,
  [Op.SIGNAL]: (a) => `sig[me] = ${a}`,
  // A machine on which some mm mirrors another is refused: model.ts.
  [Op.SECONDARY]: (a) => `${r(a)} = 0`,
  [Op.GATHER_SPAN]: (a) => `${r(a)} = (g_end[me] != 0 -> 1 : 0)`,
  [Op.GATHER_FORCE]: (a) => `gather_force(${a !== 0 ? "START, END - START" : "0, SPACE"})`,
};

/** Visible ops. RETURN and what the next call needs are the flow's; waiting is in the guard of a step. */
export const visibleOps: Readonly<Partial<Record<Op, Say>>> = {
  [Op.LOCK_READ]: (a, b) => `lock(${lock(a)}, 0, ${b})`,
  [Op.LOCK_WRITE]: (a, b) => `lock(${lock(a)}, 1, ${b})`,
  [Op.TRYLOCK_WRITE]: (a, b, c) => `trylock(${lock(a)}, ${b}, ${r(c)})`,
  [Op.UNLOCK]: (a, b) => `unlock(${lock(a)}, ${b})`,
  [Op.DOWNGRADE]: (a) => `downgrade(${lock(a)})`,
  [Op.DETACH_VMAS]: () => "detach_vmas(0)",
  [Op.DETACH_ALL]: () => "detach_vmas(1)",
  [Op.VMA_UNSHAREABLE]: (a) => `v_flags[VMA - 1] = v_flags[VMA - 1] ${a !== 0 ? "| ALONE" : "& ~MAYSHARE"}`,
  [Op.UNLINK_FILE_VMA]: () => "v_in_tree[VMA - 1] = 0",
  [Op.FREE_VMAS]: () => "free_vmas()",
  [Op.MMAP]: () => "link_vma(MM, START, END, FLAGS | PROT, FILE, OFFSET)",
  [Op.COPY_VMA]: () => "copy_vma()",
  [Op.PROTECT_VMAS]: () => "protect_vmas()",
  [Op.WRITE_SIZE]: (a) => `file_size[FILE] = ${r(a)}`,
  [Op.PUD_CLEAR]: (a) => `pud_clear(${lock(a)})`,
  [Op.TABLE_GET]: (a) => (a !== 0 ? "share[TABLE] = share[TABLE] + 1" : "refs[TABLE] = refs[TABLE] + 1"),
  [Op.TABLE_PUT]: (a) => `table_put(${a !== 0 ? 1 : 0})`,
  [Op.PUD_POPULATE]: (a) => `pud_populate(${r(a)})`,
  [Op.ALLOC_TABLES]: (a, b, c) => `alloc_tables(${r(a)}, ${b}, ${r(c)})`,
  [Op.CLEAR_ENTRY]: (a, b, c) => `${c === 0 ? "" : `${r(c)} = READ(ENTRY); `}clear_entry(${a}, ${lock(b)})`,
  [Op.SET_ENTRY]: (a, b) => `set_entry(${a}, ${b !== 0 ? "WRITABLE | DIRTY_FLAG" : "WRITABLE"})`,
  [Op.MAKE_WRITABLE]: () => "make_writable()",
  [Op.GET_CACHED]: () => "get_cached()",
  [Op.BATCH_READ]: (a) => `${r(a)} = (batch_pending[MM] == batch_flushed[MM] -> 0 : batch_pending[MM])`,
  [Op.BATCH_DONE]: (a) => `batch_done(${a !== 0 ? 1 : 0})`,
  [Op.PROTECT_ENTRY]: (a) => `protect_entry(${a})`,
  [Op.MOVE_ENTRY]: (a, b, c) => `${c === 0 ? "" : `moves_to(${r(c)}); `}move_entry(${a}, ${lock(b)})`,
  [Op.FREE_NEXT_TABLE]: (a) => `free_next_table(${r(a)})`,
  [Op.RMAP_ADD]: () => "rmap_add()",
  [Op.RMAP_REMOVE]: () => "rmap_remove()",
  [Op.PUT_PAGE]: () => "put_page(PAGE)",
  [Op.FIND_OR_ALLOC_PAGE]: (a) => `find_or_alloc_page(${r(a)})`,
  [Op.REMOVE_FROM_CACHE]: () => "remove_from_cache()",
  [Op.REPLACE_IN_CACHE]: () => "replace_in_cache()",
  [Op.ALLOC_ANON_PAGE]: (a) => `alloc_anon_page(${r(a)})`,
  [Op.ZAP_PTES]: (a, b, c) => `delaying = ${c !== 0 ? 1 : 0}; sweep(1, ${a}, ${b})`,
  [Op.PROTECT_PTES]: (a) => `sweep(2, ${a}, 0)`,
  [Op.FLUSH_RMAPS]: () => "flush_rmaps()",
  [Op.PENDING]: (a) => `gathers[MM] = ${["0", "1", "gathers[MM] - 1", "gathers[MM] + 1"][a]}`,
  [Op.PENDING_READ]: (a) => `${r(a)} = (gathers[MM] != 0 -> 1 : 0)`,
  [Op.FLUSH_PENDING]: (a) => `${r(a)} = gathers[MM]`,
  [Op.MARK_DIRTY]: (a) => `if :: (${r(a)} & DIRTY_FLAG) != 0 -> dirty[PAGE] = 1 :: else fi`,
  [Op.CLEAR_DIRTY]: (a) => `${r(a)} = dirty[PAGE]; dirty[PAGE] = 0`,
  [Op.SET_PROTNONE]: () => "set_protnone()",
  [Op.PREPARE_TO_WAIT]: (a) => `lck[${lock(a)}] = lck[${lock(a)}] | (1 << me)`,
  [Op.SLEEP]: () => "skip",
  [Op.WAKE_UP]: (a) => `lck[${lock(a)}] = 0`,
  [Op.GATHER_START]: (a) => `gather_start(${a})`,
  [Op.GATHER_COUNT]: (a) => `${r(a)} = gathers[g_mm[me] - 1]`,
  [Op.GATHER_FREE]: (a) => `gather_free(${r(a)})`,
  [Op.GATHER_FINISH]: () => "gather_finish()",
  [Op.X86_NEXT_GENERATION]: () => "next_generation()",
  [Op.X86_FLUSH_LOCAL]: () => "flush_local()",
  [Op.X86_SEND_IPI]: () => "send_ipi()",
  [Op.X86_WAIT_IPI]: () => "skip",
  [Op.TLBI]: (a) => `tlbi(${a === 0 ? "0" : r(a)})`,
  [Op.DSB]: () => "dsb()",
  [Op.AWAIT_CLEAR]: () => "skip",
  [Op.ACCESS]: (a, b) => `access(${a !== 0 ? 1 : 0}, ${b})`,
  [Op.SWITCH_MM]: () => "begin_switch(cpu, NEW_START); finish_switch(cpu, NEW_START)",
  [Op.ENTER_LAZY]: () => "lazy[cpu] = 1",
  [Op.LEAVE_MM]: () => "unload_mm(cpu)",
  [Op.RISCV_SEND]: () => "riscv_send()",
  [Op.RISCV_FENCE_LOCAL]: () => "fence_local()",
  [Op.FAIL_BATCHES]: () => "fail_batches = VALUE",
  [Op.IRQ_OFF]: (a) => `set_irq(${a})`,
  [Op.SWITCH_BEGIN]: () => "begin_switch(cpu, NEW_START)",
  [Op.SWITCH_END]: () => "finish_switch(cpu, NEW_START)",
  [Op.SYNC_IPI]: () => "sync_ipi()",
  [Op.SYNC_WAIT]: () => "skip",
  [Op.SPECULATE]: (a) => `speculate(${r(a)})`,
  [Op.UNSPECULATE]: () => "put_page(PAGE)",
  [Op.SPLIT_VMA]: (a) => `split_at(MM, ${r(a)})`,
  [Op.PAUSE]: () => "skip",
  [Op.UNHOOK_TABLE]: (a) => `unhook_table(${a})`,
  // A table is kept with a huge page by khugepaged alone, which has no form.
  [Op.WITHDRAW]: () => "VIOLATE(NO_FORM)",
};

/**
 * Ops that work on base pages alone and have no Promela form yet. A scenario that maps huge pages only never comes to
 * them; a model that did would say so (NO_FORM).
 */
export const unsaidForBasePages: ReadonlySet<Op> = new Set([
  Op.MOVE_EXTENT,
  Op.MOVE_PTES,
  Op.BATCH_DEFER,
  Op.DEVICE_PAGE,
  Op.GET_HUGE_ZERO,
  Op.SET_HUGE,
]);

/** Ops that come after SECONDARY has found a mirror: no model has one (model.ts refuses it). */
export const unsaidForMirrors: ReadonlySet<Op> = new Set([
  Op.NOTIFY,
  Op.NOTIFY_SEQUENCE,
  Op.NOTIFY_RETRY,
  Op.TLBS_DIRTY,
  Op.TRUNCATE,
  Op.MIRRORED,
  Op.CLEAR_LEAVES,
  Op.CLEAR_ORPHANS,
  Op.DROP_UNFLUSHED,
  Op.COUNT_DIRTY,
]);
