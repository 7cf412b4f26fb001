/**
 * What proofreading knows about ops beyond the builders: which operands are registers and labels, what else is
 * written, and which machines have the instruction. Follows assembly/abi/ops.ts.
 */
import { Machine, Reg } from "../../assembly/abi/operands.js";
import { Op } from "../../assembly/abi/ops.js";

/** The last op that only the task itself can notice. */
const LAST_LOCAL = Op.STILL_IN_TREE;

/** Whether the core has an op of this number. */
export const isOp = (code: unknown): code is Op =>
  Number.isInteger(code) &&
  (((code as number) >= 0 && (code as number) <= LAST_LOCAL) ||
    ((code as number) >= Op.VISIBLE && (code as number) < Op.COUNT));

/** Ops by the place of an operand that is a register. */
const FIRST: readonly Op[] = [
  Op.LOCK_HELD,
  ...[Op.BRANCH_ZERO, Op.BRANCH_NONZERO, Op.BRANCH_GE, Op.BRANCH_EQ, Op.SET, Op.MOVE, Op.ADD_PAGES, Op.SUB_PAGES],
  ...[Op.ALIGN_DOWN, Op.ALIGN_UP, Op.SHIFT_BY, Op.TEST, Op.WALK, Op.WALK_NEW, Op.READ_ENTRY, Op.PMD_SHARED],
  ...[Op.WANT_SHARE, Op.FIND_VMA, Op.VMA_BOUNDS, Op.PAGE_MAPPED, Op.BEYOND_SIZE, Op.RECORD, Op.GATHER_NEEDS],
  ...[Op.GATHER_QUEUE, Op.GATHER_QUEUED, Op.GATHER_FULL, Op.GATHER_PROMOTE, Op.ARM64_HINT, Op.STILL_CACHED],
  ...[Op.VMA_FILE, Op.FILE_LEVEL, Op.PAGE_DIRTY, Op.GATHER_PFN, Op.GATHER_SPAN, Op.BATCH_DUE, Op.BATCH_DEFER],
  ...[Op.MAY_MOVE, Op.WRITE_SIZE, Op.PUD_POPULATE, Op.ALLOC_TABLES, Op.FREE_NEXT_TABLE, Op.FIND_OR_ALLOC_PAGE],
  ...[Op.ALLOC_ANON_PAGE, Op.ZAP_PTES, Op.PROTECT_PTES, Op.GATHER_COUNT, Op.GATHER_FREE, Op.TLBI, Op.MOVE_PTES],
  ...[Op.PENDING_READ, Op.MARK_DIRTY, Op.CLEAR_DIRTY, Op.DEVICE_PAGE, Op.GET_HUGE_ZERO, Op.BATCH_READ],
  ...[Op.LIVE_BELOW, Op.OWN_HUGE, Op.DEPOSIT, Op.ALLOC_HUGE, Op.ISOLATE_PAGES, Op.COPY_NEXT, Op.POPULATE, Op.SET_HUGE],
  Op.STILL_IN_TREE,
];
const SECOND: readonly Op[] = [
  ...[Op.BRANCH_GE, Op.BRANCH_EQ, Op.MOVE, Op.ALIGN_DOWN, Op.ALIGN_UP, Op.SHIFT_BY, Op.TEST, Op.BATCH_MARK],
  ...[Op.ISOLATE_PAGES, Op.COPY_NEXT],
];
const THIRD: readonly Op[] = [Op.SHIFT_BY, Op.TRYLOCK_WRITE, Op.CLEAR_ENTRY, Op.ALLOC_TABLES];

/** Places of an op's operands that are registers. */
export const registersOf = (op: Op): number[] =>
  [FIRST, SECOND, THIRD].flatMap((ops, place) => (ops.includes(op) ? [place] : []));

/** Place of the operand that is a label, for ops that can go elsewhere. */
export const labelOf: ReadonlyMap<Op, number> = new Map([
  [Op.JUMP, 0],
  [Op.BRANCH_ZERO, 1],
  [Op.BRANCH_NONZERO, 1],
  [Op.BRANCH_GE, 2],
  [Op.BRANCH_EQ, 2],
  [Op.ACCESS, 1],
]);

const PAGE: readonly Reg[] = [Reg.PAGE];
const FULL: readonly Reg[] = [Reg.FULL];

/** Registers that an op writes although they are not among its operands. */
export const alsoWrites: ReadonlyMap<Op, readonly Reg[]> = new Map<Op, readonly Reg[]>([
  [Op.WALK, [Reg.ENTRY, Reg.TABLE]],
  [Op.WALK_NEW, [Reg.NEW_ENTRY, Reg.TMP]],
  [Op.READ_ENTRY, PAGE],
  [Op.FIND_SHAREABLE, [Reg.TABLE]],
  [Op.WIDEN_RANGE, [Reg.RANGE_START, Reg.RANGE_END]],
  [Op.FIND_VMA, [Reg.VMA, Reg.TMP]],
  [Op.NEXT_DETACHED, [Reg.VMA, Reg.START, Reg.END]],
  [Op.NEXT_IN_TREE, [Reg.VMA, Reg.MM, Reg.ADDRESS, Reg.LAST]],
  [Op.VMA_BOUNDS, [Reg.ADDRESS, Reg.LAST, Reg.FILE]],
  [Op.STILL_IN_TREE, [Reg.MM, Reg.ADDRESS, Reg.LAST]],
  [Op.VMA_INDEX, [Reg.FILE, Reg.INDEX]],
  [Op.NEXT_CACHED, [Reg.INDEX, Reg.PAGE]],
  [Op.GATHER_RANGE, [Reg.RANGE_START, Reg.RANGE_END, Reg.STRIDE, Reg.TABLES, Reg.FULL, Reg.FLUSH_MM]],
  [Op.X86_CEILING, FULL],
  [Op.ARM64_LIMITS, FULL],
  [Op.RISCV_LIMITS, FULL],
  [Op.MOVE_EXTENT, [Reg.LAST]],
  [Op.SKIP_TABLE, [Reg.ADDRESS]],
  [Op.VMA_FILE, [Reg.FILE]],
  [Op.ZAP_PTES, [Reg.ADDRESS]],
  [Op.PROTECT_PTES, [Reg.ADDRESS]],
  [Op.MOVE_PTES, [Reg.ADDRESS, Reg.LAST, Reg.INDEX]],
  [Op.FREE_NEXT_TABLE, PAGE],
  [Op.UNHOOK_TABLE, PAGE],
  [Op.FIND_OR_ALLOC_PAGE, PAGE],
  [Op.ALLOC_ANON_PAGE, PAGE],
  [Op.GET_CACHED, PAGE],
  [Op.DEVICE_PAGE, PAGE],
  [Op.GET_HUGE_ZERO, PAGE],
  [Op.ALLOC_HUGE, PAGE],
  [Op.COPY_NEXT, [Reg.PAGE, Reg.ENTRY, Reg.TABLE, Reg.ADDRESS]],
  [Op.REPLACE_IN_CACHE, PAGE],
  [Op.X86_NEXT_GENERATION, [Reg.GENERATION]],
]);

const X86: readonly Machine[] = [Machine.X86, Machine.X86_PTI, Machine.X86_TCE, Machine.X86_INVLPGB];
const ARM: readonly Machine[] = [Machine.PRECISE, Machine.ARM64, Machine.ARM64_RANGE];
const BROADCAST: readonly Machine[] = [...ARM, Machine.X86_INVLPGB];
const MASKED: readonly Machine[] = [...X86, Machine.RISCV];
const RISCV: readonly Machine[] = [Machine.RISCV];

/** Machines that have an op; every machine when it is not named here. */
export const machinesOf: ReadonlyMap<Op, readonly Machine[]> = new Map([
  [Op.X86_CEILING, X86],
  [Op.X86_NEXT_GENERATION, X86],
  [Op.X86_FLUSH_LOCAL, X86],
  [Op.X86_SEND_IPI, X86],
  [Op.ARM64_LIMITS, ARM],
  [Op.ARM64_HINT, ARM],
  [Op.TLBI, BROADCAST],
  [Op.DSB, BROADCAST],
  [Op.RISCV_LIMITS, RISCV],
  [Op.RISCV_SEND, RISCV],
  [Op.RISCV_FENCE_LOCAL, RISCV],
  [Op.BATCH_ADD, MASKED],
  [Op.BATCH_SEND, MASKED],
]);
