/**
 * The ops in kernel spelling: each gives one line of a listing.
 *
 * {address} {range} {page} {table} {mm} {file} in a sentence are filled in from the task's registers in a report.
 */

import { LockRef, type Reg } from "../../assembly/abi/operands.js";
import { Op } from "../../assembly/abi/ops.js";
import { type Line, type Lock, op, to } from "./listing.js";

export const BASE = 0;
export const PMD = 1;
export const PUD = 2;

// --- control ---
/** Registers by index, in the words that a listing's text uses. */
const registers = (
  "start end file offset flags prot new_start value address vma mm table ptep page index end_address " +
  "range_start range_end flush_mm stride freed_tables full force_flush new_ptep tmp generation batched need_flush"
).split(" ");
const sizes = ["PAGE_SIZE", "PMD_SIZE", "PUD_SIZE"];
const r = (reg: Reg): string => registers[reg] ?? `r${reg}`;

export const jump = (label: string): Line => op(Op.JUMP, [to(label)], `goto ${label}`);
export const if_zero = (reg: Reg, label: string): Line =>
  op(Op.BRANCH_ZERO, [reg, to(label)], `if (!${r(reg)}) goto ${label}`);
export const if_set = (reg: Reg, label: string): Line =>
  op(Op.BRANCH_NONZERO, [reg, to(label)], `if (${r(reg)}) goto ${label}`);
export const if_ge = (a: Reg, b: Reg, label: string): Line =>
  op(Op.BRANCH_GE, [a, b, to(label)], `if (${r(a)} >= ${r(b)}) goto ${label}`);
export const set = (reg: Reg, value: number): Line => op(Op.SET, [reg, value], `${r(reg)} = ${value}`);
export const move = (reg: Reg, from: Reg): Line => op(Op.MOVE, [reg, from], `${r(reg)} = ${r(from)}`);
export const add_pages = (reg: Reg, level: number): Line =>
  op(Op.ADD_PAGES, [reg, level], `${r(reg)} += ${sizes[level]}`);
export const sub_pages = (reg: Reg, level: number): Line =>
  op(Op.SUB_PAGES, [reg, level], `${r(reg)} -= ${sizes[level]}`);
export const align_down = (reg: Reg, from: Reg, level: number): Line =>
  op(Op.ALIGN_DOWN, [reg, from, level], `${r(reg)} = ALIGN_DOWN(${r(from)}, ${sizes[level]})`);
export const align_up = (reg: Reg, from: Reg, level: number): Line =>
  op(Op.ALIGN_UP, [reg, from, level], `${r(reg)} = ALIGN(${r(from)}, ${sizes[level]})`);
export const test = (reg: Reg, from: Reg, mask: number): Line =>
  op(Op.TEST, [reg, from, mask], `${r(reg)} = ${r(from)} & ${mask}`);
export const shift_by = (reg: Reg, plus: Reg, minus: Reg): Line =>
  op(Op.SHIFT_BY, [reg, plus, minus], `${r(reg)} += ${r(plus)} - ${r(minus)}`);
export const signal = (number: number): Line => op(Op.SIGNAL, [number], `force_sig(${number})`);

// --- locks ---
const lock = (ref: LockRef, rank: number, name: string): Lock => ({ ref, rank, name });
/** For a step whose frame no lock keeps alive until the flush. */
export const NO_LOCK = lock(LockRef.NONE, 0, "no lock");
export const MMAP_LOCK = lock(LockRef.MMAP, 1, "mmap_lock");
export const I_MMAP = lock(LockRef.I_MMAP, 4, "i_mmap_rwsem");
export const VMA_LOCK = lock(LockRef.VMA, 3, "hugetlb vma_lock");
/** Up to 5.6 outside i_mmap, from 5.7 inside [S: a4a1; T]. */
export const FAULT_OUTER = lock(LockRef.FAULT, 2, "hugetlb_instantiation_mutex");
export const FAULT_INNER = lock(LockRef.FAULT, 5, "hugetlb_fault_mutex");
export const PTL = lock(LockRef.PTL, 6, "ptl");
export const NEW_PTL = lock(LockRef.NEW_PTL, 6, "new ptl");
/** The locks of all VMAs of an mm as one: vma_start_write() against faults that take no mmap_lock. */
export const VMA_WRITE = lock(LockRef.VMA_WRITE, 1, "per-VMA lock");
export const PAGE_TABLE_LOCK = lock(LockRef.PAGE_TABLE, 6, "mm->page_table_lock");
/** The page lock that migration and faults exchange; the file's fault mutex stands for it. */
export const PAGE_LOCK = lock(LockRef.FAULT, 0, "page lock");

export const lock_write = (l: Lock): Line =>
  op(Op.LOCK_WRITE, [l.ref, l.rank], `lock ${l.name} (write)`, `takes ${l.name} for write`);
export const lock_read = (l: Lock): Line =>
  op(Op.LOCK_READ, [l.ref, l.rank], `lock ${l.name} (read)`, `takes ${l.name} for read`);
export const unlock = (l: Lock): Line => op(Op.UNLOCK, [l.ref, l.rank], `unlock ${l.name}`, `drops ${l.name}`);
export const trylock_write = (l: Lock, got: Reg): Line =>
  op(Op.TRYLOCK_WRITE, [l.ref, l.rank, got], `trylock ${l.name} (write)`, `tries ${l.name} for write`);
/** A wait queue in the place of a lock that nothing else uses. */
export const prepare_to_wait = (l: Lock): Line =>
  op(Op.PREPARE_TO_WAIT, [l.ref], "prepare_to_wait()", "stands in the wait queue");
export const sleep = (l: Lock): Line => op(Op.SLEEP, [l.ref], "schedule()", "has been woken");
export const wake_up = (l: Lock, text = "wake_up()", says = "wakes who stands in the wait queue"): Line =>
  op(Op.WAKE_UP, [l.ref], text, says);
export const holds = (l: Lock, reg: Reg): Line => op(Op.LOCK_HELD, [reg, l.ref], `is ${l.name} held?`);
export const downgrade = (l: Lock): Line =>
  op(Op.DOWNGRADE, [l.ref, l.rank], `downgrade ${l.name}`, `keeps ${l.name} for read only`);

// --- VMAs and files ---
export const detach_vmas = (): Line =>
  op(Op.DETACH_VMAS, [], "detach_vmas_to_be_unmapped()", "takes the VMAs out of {mm}: faults no longer find them");
export const detach_all = (): Line => op(Op.DETACH_ALL, [], "exit_mmap()", "{mm} has no user left: every VMA is to go");
export const clear_maysharing = (): Line =>
  op(Op.VMA_UNSHAREABLE, [], "vma->vm_flags &= ~VM_MAYSHARE", "nobody may share this VMA's tables any more");
export const detach_vma_lock = (): Line =>
  op(Op.VMA_UNSHAREABLE, [1], "__hugetlb_vma_unlock_write_free()", "nobody may share this VMA's tables any more");
export const set_uffd_flags = (): Line =>
  op(Op.VMA_UNSHAREABLE, [1], "userfaultfd_set_vm_flags()", "the VMA is armed: its tables may not be shared any more");
export const unlink_file_vma = (): Line =>
  op(Op.UNLINK_FILE_VMA, [], "unlink_file_vma()", "takes the VMA out of the file's interval tree");
export const free_vmas = (): Line => op(Op.FREE_VMAS, [], "remove_vma_list()", "forgets the VMAs");
export const link_vma = (): Line => op(Op.MMAP, [], "vma_link()", "links a new VMA in {mm} and in the file");
export const copy_vma = (): Line => op(Op.COPY_VMA, [], "copy_vma()", "links a VMA at the new address");
export const protect_vmas = (): Line =>
  op(Op.PROTECT_VMAS, [], "mprotect_fixup()", "splits the VMA at the ends and changes its protection");
export const write_size = (reg: Reg): Line => op(Op.WRITE_SIZE, [reg], "i_size_write()", "the file is shorter now");
export const find_vma = (reg: Reg): Line => op(Op.FIND_VMA, [reg], "find_vma()");
export const next_detached = (): Line => op(Op.NEXT_DETACHED, [], "vma = vma->vm_next");
export const next_in_tree = (): Line => op(Op.NEXT_IN_TREE, [], "vma_interval_tree_foreach()");
export const still_in_tree = (reg: Reg): Line => op(Op.STILL_IN_TREE, [reg], "vma_lock->vma");
export const vma_bounds = (hugetlb: Reg): Line => op(Op.VMA_BOUNDS, [hugetlb], "vma->vm_start, vma->vm_end");
export const may_move = (ok: Reg): Line => op(Op.MAY_MOVE, [ok], "check_mremap_params()");
export const vma_index = (): Line => op(Op.VMA_INDEX, [], "vma_hugecache_offset()");
export const next_cached = (): Line => op(Op.NEXT_CACHED, [], "pagevec_lookup()");
export const beyond_size = (reg: Reg): Line => op(Op.BEYOND_SIZE, [reg], "idx >= i_size_read()");
export const page_mapped = (reg: Reg): Line => op(Op.PAGE_MAPPED, [reg], "page_mapped()");

// --- tables ---
export const walk = (reg: Reg, level: number): Line => op(Op.WALK, [reg, level], "huge_pte_offset()");
export const walk_new = (reg: Reg, level: number): Line => op(Op.WALK_NEW, [reg, level], "huge_pte_offset(new)");
export const read_entry = (reg: Reg): Line => op(Op.READ_ENTRY, [reg], "huge_ptep_get()");
export const pmd_shared = (reg: Reg): Line => op(Op.PMD_SHARED, [reg], "page_count(virt_to_page(ptep)) > 1");
export const pt_shared = (reg: Reg): Line => op(Op.PMD_SHARED, [reg, 1], "ptdesc_pmd_is_shared()");
export const want_share = (reg: Reg): Line => op(Op.WANT_SHARE, [reg], "want_pmd_share()");
export const find_shareable = (): Line => op(Op.FIND_SHAREABLE, [], "page_table_shareable()");
export const widen_range = (): Line => op(Op.WIDEN_RANGE, [], "adjust_range_if_pmd_sharing_possible()");
export const pud_clear = (guard: Lock): Line =>
  op(
    Op.PUD_CLEAR,
    [guard.ref],
    "pud_clear(pud)",
    "{mm} lets go of the shared PMD table for {gib}; its CPUs may keep what they cached",
  );
export const table_get = (): Line =>
  op(Op.TABLE_GET, [], "get_page(virt_to_page(spte))", "table {table} counts one sharer more");
export const table_put = (): Line =>
  op(Op.TABLE_PUT, [], "put_page(virt_to_page(ptep))", "table {table} counts one sharer less");
export const pt_share_inc = (): Line =>
  op(Op.TABLE_GET, [1], "ptdesc_pmd_pts_inc()", "table {table} counts one sharer more");
export const pt_share_dec = (): Line =>
  op(Op.TABLE_PUT, [1], "ptdesc_pmd_pts_dec()", "table {table} counts one sharer less");
export const pud_populate = (reg: Reg): Line =>
  op(Op.PUD_POPULATE, [reg], "pud_populate()", "{mm} now reaches the shared table {table}");
export const alloc_tables = (ok: Reg, level: number, address: Reg): Line =>
  op(
    Op.ALLOC_TABLES,
    [ok, level, address],
    "p4d_alloc(), pud_alloc(), pmd_alloc()",
    "makes the missing tables of {mm}",
  );
export const clear_entry = (level: number, text: string, guard?: Lock, old?: Reg): Line =>
  op(
    Op.CLEAR_ENTRY,
    [level, guard?.ref ?? LockRef.NONE, old ?? 0],
    text,
    "clears the entry of {mm} at {address}, which mapped page {page}",
  );
export const set_entry = (level: number, dirty = false): Line =>
  op(Op.SET_ENTRY, [level, dirty ? 1 : 0], "set_pte_at()", "maps page {page} at {address}");
export const protect_entry = (level: number): Line =>
  op(Op.PROTECT_ENTRY, [level], "huge_ptep_modify_prot_commit()", "takes the write right from {address}");
/** `to` holds the destination's address. */
export const move_entry = (level: number, guard: Lock, to: Reg): Line =>
  op(Op.MOVE_ENTRY, [level, guard.ref, to], "move_huge_pte()", "moves the entry at {address} to the new address");
export const free_next_table = (reg: Reg): Line =>
  op(
    Op.FREE_NEXT_TABLE,
    [reg],
    "free_pgd_range()",
    "unhooks a table of {mm} that no VMA needs, to be freed after the flush",
  );

// --- pages ---
export const page_dup_rmap = (): Line => op(Op.RMAP_ADD, [], "page_dup_rmap()", "page {page} counts one more mapping");
export const page_remove_rmap = (): Line =>
  op(Op.RMAP_REMOVE, [], "page_remove_rmap()", "page {page} counts one mapping less");
export const put_page = (): Line => op(Op.PUT_PAGE, [], "put_page(page)", "drops a reference of page {page}");
export const put_table = (): Line => op(Op.PUT_PAGE, [], "__tlb_remove_table()", "table {page} is freed at once");
export const find_or_alloc_page = (reg: Reg): Line =>
  op(
    Op.FIND_OR_ALLOC_PAGE,
    [reg],
    "find_lock_page() or alloc_huge_page()",
    "finds the page in the page cache, or allocates it",
  );
export const remove_huge_page = (): Line =>
  op(Op.REMOVE_FROM_CACHE, [], "remove_huge_page()", "takes page {page} out of the page cache and frees it");
export const replace_page = (): Line =>
  op(Op.REPLACE_IN_CACHE, [], "migrate_page_move_mapping()", "a new page takes the place of {page}, which is freed");
export const alloc_anon_page = (reg: Reg): Line =>
  op(Op.ALLOC_ANON_PAGE, [reg], "alloc_zeroed_user_highpage_movable()", "allocates a zeroed page");

// --- gathers ---
export const tlb_gather_mmu = (fullmm = 0): Line =>
  op(
    Op.GATHER_START,
    [fullmm],
    fullmm === 1 ? "tlb_gather_mmu_fullmm()" : "tlb_gather_mmu()",
    "opens a gather on {mm}",
  );
export const record = (from: Reg, pages: number, cleared: number, text: string): Line =>
  op(Op.RECORD, [from, pages, cleared], text);
export const gather_needs = (reg: Reg): Line =>
  op(Op.GATHER_NEEDS, [reg], "if (!(tlb->freed_tables || tlb->cleared_*)) return");
export const gather_range = (): Line => op(Op.GATHER_RANGE, [], "tlb->start, tlb->end");
export const gather_reset = (): Line => op(Op.GATHER_RESET, [], "__tlb_reset_range()");
export const gather_queue = (full: Reg): Line => op(Op.GATHER_QUEUE, [full], "tlb_remove_page_size()");
export const gather_queued = (reg: Reg): Line => op(Op.GATHER_QUEUED, [reg], "tlb->active->nr");
export const gather_full = (reg: Reg): Line => op(Op.GATHER_FULL, [reg], "tlb->active->nr == tlb->active->max");
export const gather_free = (reg: Reg): Line =>
  op(Op.GATHER_FREE, [reg], "free_pages_and_swap_cache()", "drops the reference of one gathered page");
export const gather_pending = (reg: Reg): Line =>
  op(Op.GATHER_COUNT, [reg], "mm_tlb_flush_nested()", "looks whether another gather is open on {mm}");
export const gather_promote = (reg: Reg): Line =>
  op(Op.GATHER_PROMOTE, [reg], "tlb->fullmm = 1; tlb->freed_tables = 1");
export const gather_finish = (): Line => op(Op.GATHER_FINISH, [], "dec_tlb_flush_pending()", "closes the gather");
export const gather_unshare = (): Line =>
  op(Op.GATHER_UNSHARE, [], "tlb->unshared_tables = 1; if (!pt_share_count) tlb->fully_unshared_tables = 1");
export const gather_unshared = (reg: Reg): Line => op(Op.GATHER_UNSHARED, [reg, 0], "if (tlb->unshared_tables)");
export const gather_fully_unshared = (reg: Reg): Line =>
  op(Op.GATHER_UNSHARED, [reg, 1], "if (tlb->fully_unshared_tables)");
export const gather_synced = (): Line => op(Op.GATHER_SYNCED, [], "tlb->fully_unshared_tables = 0");
export const gather_walkers = (reg: Reg): Line => op(Op.GATHER_WALKERS, [reg], "tlb_remove_table(): a grace period");
/** Lines that are ours, not the kernel's: the oracle compares what was cleared with what was recorded. */
export const check_recorded = (): Line => op(Op.CHECK_RECORDED, [], "(oracle)");
export const check_range = (): Line => op(Op.CHECK_RANGE, [], "(oracle)");

// --- the CPU ---
export const access = (store: boolean, fault: string): Line =>
  op(
    Op.ACCESS,
    [store ? 1 : 0, to(fault)],
    store ? "user store" : "user load",
    store ? "the program writes" : "the program reads",
  );
export const await_clear = (): Line =>
  op(Op.AWAIT_CLEAR, [], "(scenario)", "goes on now that the other mm no longer reaches the shared table");
export const switch_mm = (): Line => op(Op.SWITCH_MM, [], "switch_mm_irqs_off()", "the CPU loads another mm");
export const enter_lazy_tlb = (): Line =>
  op(Op.ENTER_LAZY, [], "enter_lazy_tlb()", "the CPU runs a kernel thread and keeps the mm loaded");
export const leave_mm = (): Line => op(Op.LEAVE_MM, [], "mmdrop()", "the CPU loads the kernel's own mm");
export const fail_batches = (): Line =>
  op(Op.FAIL_BATCHES, [], "(scenario)", "there is no page for the next table batches");
export const local_irq_disable = (): Line =>
  op(Op.IRQ_OFF, [1], "local_irq_disable()", "this CPU takes no interrupts from here on");
export const local_irq_enable = (): Line =>
  op(Op.IRQ_OFF, [0], "local_irq_enable()", "this CPU takes interrupts again");
export const switch_begin = (): Line =>
  op(Op.SWITCH_BEGIN, [], "cpumask_set_cpu(cpu, mm_cpumask(next))", "the CPU enters the mask of the mm to come");
export const switch_end = (): Line =>
  op(Op.SWITCH_END, [], "load_new_mm_cr3()", "the CPU loads the mm, up to date with its flushes so far");
export const unhook_table = (level: number, text: string): Line =>
  op(Op.UNHOOK_TABLE, [level], text, "clears the entry of {mm} at {address} that points to a table, {page}");
export const flush_pending = (into: Reg): Line =>
  op(Op.FLUSH_PENDING, [into], "mm_tlb_flush_pending()", "looks whether a flush of {mm} is still to come");
export const copy_page = (): Line =>
  op(Op.COPY_PAGE, [], "copy_user_highpage()", "copies page {page}: a store to it from here on is lost");
export const asid_rollover = (): Line =>
  op(Op.ASID_ROLLOVER, [], "flush_context()", "no ASID is left: a new generation of them begins");
export const read_asid = (into: Reg): Line => op(Op.READ_ASID, [into], "ASID(mm)", "reads the ASID of {flushed}");
// --- secondary MMUs ---
export const MMU_LOCK = lock(LockRef.PAGE_TABLE, 6, "kvm->mmu_lock");
export const mirror = (): Line => op(Op.MIRROR, [], "kvm_create_vm()", "{mm} mirrors the memory of another mm");
export const secondary = (found: Reg): Line => op(Op.SECONDARY, [found], "mmu_notifier list of the mm");
export const notify_begin = (): Line =>
  op(Op.NOTIFY, [1], "kvm_mmu_invalidate_begin()", "no fault of {mm} is finished from here on");
export const notify_end = (): Line =>
  op(Op.NOTIFY, [0], "kvm_mmu_invalidate_end()", "faults of {mm} that began before must begin again");
export const notify_sequence = (into: Reg): Line =>
  op(Op.NOTIFY_SEQUENCE, [into], "mmu_seq = kvm->mmu_invalidate_seq", "the fault of {mm} notes the sequence number");
export const notify_retry = (into: Reg, seen: Reg): Line => op(Op.NOTIFY_RETRY, [into, seen], "mmu_invalidate_retry()");
export const mirrored = (found: Reg, level: number): Line =>
  op(Op.MIRRORED, [found, level], "hva_to_pfn()", "looks up the page that the mirrored mm maps");
export const clear_leaves = (any: Reg, level: number, text: string): Line =>
  op(Op.CLEAR_LEAVES, [any, level], text, "clears the entries of {mm} in {range}");
export const clear_orphans = (level: number): Line =>
  op(Op.CLEAR_ORPHANS, [level], "handle_removed_pt()", "clears the entries of table {page}, one after the other");
export const drop_unflushed = (any: Reg, level: number): Line =>
  op(Op.DROP_UNFLUSHED, [any, level], "drop_spte()", "drops an entry of {mm} and leaves the flush for later");
export const count_dirty = (): Line =>
  op(Op.COUNT_DIRTY, [], "kvm->tlbs_dirty++", "counts an entry of {mm} that was dropped without a flush");
export const tlbs_dirty = (into: Reg): Line => op(Op.TLBS_DIRTY, [into], "kvm->tlbs_dirty");
export const truncate_int = (reg: Reg): Line => op(Op.TRUNCATE, [reg], "(int) of it");
/** End of the call; `promised`: START..END are addresses that nobody uses any more as before, or nobody writes to. */
export const ret = (promised: boolean | "no writes"): Line =>
  op(Op.RETURN, [promised === "no writes" ? 2 : promised ? 1 : 0], "return", "the call returns");
/** A `ret` that is one step with the line before it. */
export const ret_at_once = (): Line => op(Op.RETURN, [0, 1], "return", "the call returns");
export const on_each_cpu_flush_all = (): Line =>
  op(
    Op.SEND_FLUSH_ALL,
    [],
    "on_each_cpu_mask(mm_cpumask, do_flush_tlb_all)",
    "interrupts the CPUs of {mm} to drop everything that they have cached",
  );
export const wait_for_cpus = (): Line =>
  op(Op.X86_WAIT_IPI, [], "smp_call_function_many() waits", "every interrupted CPU has acknowledged");
export const pause = (text: string, says: string): Line => op(Op.PAUSE, [], text, says);
