/**
 * One step of one task: a visible op, then the local ops that follow it.
 *
 * The only place where a listing moves kernel state. Each case is one line; what an op means stands with the primitive
 * that it calls.
 *
 * Invariants
 *   S1  A task that is enabled can take its step; a step never blocks half way.
 *   S2  Local ops touch only the task's own registers and gather, or read what a lock that it holds keeps still.
 */

import { EventKind, Fault } from "./abi/events";
import { Op, Reg } from "./abi/ops";
import { Cpu, FileRecord, Frame, Gather, REGISTERS, Tally, Task, Vma } from "./abi/records";
import { event, setCurrentPc, violation } from "./ghost/report";
import { callReturned, checkRecorded } from "./ghost/rules";
import { alignDown, alignUp, frameOf, pagesOf } from "./hw/tables";
import * as access from "./mm/access";
import * as arm64 from "./mm/arm64";
import * as gather from "./mm/gather";
import * as hugetlb from "./mm/hugetlb";
import * as locks from "./mm/locks";
import * as pages from "./mm/pages";
import * as pgtable from "./mm/pgtable";
import * as vma from "./mm/vma";
import * as x86 from "./mm/x86";
import * as zap from "./mm/zap";
import {
  add,
  codeBase,
  cpuAt,
  fileAt,
  frameAt,
  gatherOf,
  get,
  put,
  putLong,
  reg,
  regWord,
  scriptBase,
  setReg,
  tally,
  tracing,
} from "./word";

/** Local ops that may run in a row: a listing that loops without a visible step is a defect, not a hang. */
const LOCAL_MAX: u32 = 4000000;

/** Takes the visible step at the task's PC and stops before the next one. */
export function stepTask(task: u32): void {
  const pc = get(task + Task.PC);
  setCurrentPc(pc);
  if (tracing) traceStep(task, pc);
  if (get(codeBase + (pc << 2)) == <u32>Op.RETURN) returned(task, get(codeBase + (pc << 2) + 1) != 0);
  else settle(task, visible(task, pc));
}

function traceStep(task: u32, pc: u32): void {
  const from = reg(task, Reg.ADDRESS);
  const to = reg(task, Reg.LAST);
  event(EventKind.STEP, get(task + Task.CPU), regWord(task, Reg.MM), from, to, regWord(task, Reg.PAGE), pc);
}

/** Runs local ops from `pc` and leaves the task before a visible op, with what it waits for. */
export function settle(task: u32, pc: u32): void {
  const at = runLocal(task, pc);
  put(task + Task.PC, at);
  const code = get(codeBase + (at << 2));
  put(task + Task.WAIT_WRITE, code == Op.LOCK_READ ? 0 : 1);
  put(task + Task.WAIT, awaited(task, code, get(codeBase + (at << 2) + 1)));
}

/** Word that must be zero before the op can run. An empty entry and an answered interrupt are free like a lock. */
function awaited(task: u32, code: u32, operand: u32): u32 {
  if (code == Op.LOCK_READ || code == Op.LOCK_WRITE) return locks.lockOf(task, operand);
  if (code == Op.X86_WAIT_IPI) return cpuAt(get(task + Task.CPU)) + Cpu.AWAITED;
  if (code == Op.AWAIT_CLEAR) return pgtable.pudSlot(regWord(task, Reg.NEW_START), reg(task, Reg.START));
  return 0;
}

/** Loads the next call of the task's script, or ends the task. */
export function nextCall(task: u32): void {
  const at = get(task + Task.SCRIPT);
  if (at >= get(task + Task.SCRIPT_END)) {
    put(task + Task.DONE, 1);
    put(task + Task.WAIT, 0);
    return;
  }
  const count = get(scriptBase + at + 1);
  setReg(task, Reg.MM, get(task + Task.MM));
  for (let i: u32 = 0; i < count; i++) {
    const word = scriptBase + at + 2 + i * 3;
    putLong(task + Task.REGISTER + (get(word) << 1), load<u64>((word + 1) << 2));
  }
  put(task + Task.SCRIPT, at + 2 + count * 3);
  put(task + Task.SIGNAL, 0);
  settle(task, get(scriptBase + at));
}

/** End of a call: what it owes, then the registers are dropped so that equal states are equal. */
function returned(task: u32, ranged: bool): void {
  if (ranged) callReturned(get(task + Task.MM), reg(task, Reg.START), reg(task, Reg.END));
  if (get(task + Task.RANKS) != 0) violation(Fault.UNBALANCED, 0, 8);
  if (gather.isOpen(gatherOf(task))) violation(Fault.UNBALANCED, 0, 9);
  memory.fill((task + Task.REGISTER) << 2, 0, REGISTERS << 3);
  nextCall(task);
}

function readEntry(task: u32, into: u32): void {
  const entry = get(regWord(task, Reg.ENTRY));
  setReg(task, into, entry);
  setReg(task, Reg.PAGE, frameOf(entry));
}

/** VMA of MM at register `at`; its protection goes to PROT for the entries that a fault writes. */
function findVma(task: u32, at: u32): void {
  const found = vma.findVma(regWord(task, Reg.MM), reg(task, at));
  setReg(task, Reg.VMA, found == 0 ? 0 : vma.vmaNumber(found));
  setReg(task, Reg.TMP, found == 0 ? 0 : get(found + Vma.FLAGS));
}

function checkRange(task: u32): void {
  checkRecorded(regWord(task, Reg.FLUSH_MM), reg(task, Reg.RANGE_START), reg(task, Reg.RANGE_END), true, false);
}

function tryLock(task: u32, ref: u32, rank: u32): bool {
  const lock = locks.lockOf(task, ref);
  if (!locks.available(lock, true)) return false;
  locks.take(task, lock, true, rank);
  return true;
}

/** Links the VMA that the registers describe; FLAGS with PROT, FILE as number + 1. */
function mapVma(task: u32): void {
  const flags = regWord(task, Reg.FLAGS) | regWord(task, Reg.PROT);
  const mm = regWord(task, Reg.MM);
  const file = regWord(task, Reg.FILE);
  const made = vma.linkVma(mm, reg(task, Reg.START), reg(task, Reg.END), flags, file, reg(task, Reg.OFFSET));
  if (made == 0) add(tally(Tally.OVERFLOW), 1);
}

/** tlb_batch_pages_flush, one page. The last queued goes first: the order tells nothing apart but the free list. */
function freeQueued(task: u32): bool {
  const record = gatherOf(task);
  const left = get(record + Gather.COUNT);
  if (left == 0) return false;
  put(record + Gather.COUNT, left - 1);
  const slot = record + Gather.WORDS + left - 1;
  const frame = get(slot);
  put(slot, 0);
  pages.putPage(frame);
  return left > 1;
}

function accessed(task: u32, pc: u32, isStore: bool, onFault: u32): u32 {
  const result = access.access(task, isStore);
  if (result == access.AccessResult.AGAIN) return pc;
  if (result == access.AccessResult.DONE) return pc + 1;
  access.faulted();
  return onFault;
}

function switchTo(task: u32, mm: u32): void {
  x86.switchMm(get(task + Task.CPU), mm);
  put(task + Task.MM, mm);
  setReg(task, Reg.MM, mm);
}

function shiftBy(task: u32, op: u32): void {
  const to = get(op + 1);
  setReg(task, to, reg(task, to) + reg(task, get(op + 2)) - reg(task, get(op + 3)));
}

function putTable(task: u32, byShareCount: bool): void {
  if (hugetlb.tablePut(task, byShareCount)) pages.putPage(regWord(task, Reg.TABLE));
}

function allocTables(task: u32, op: u32): void {
  setReg(task, get(op + 1), when(pgtable.allocTablesFor(task, get(op + 3), get(op + 2))));
}

function when(condition: bool): u64 {
  return condition ? 1 : 0;
}

/** Runs local ops from `pc` up to a visible one. Operands are read where they are used: V8 does not sink a load. */
// biome-ignore format: one op, one line
function runLocal(task: u32, pc: u32): u32 {
  let at = pc;
  let left = LOCAL_MAX;
  while (left > 0) {
    const op = codeBase + (at << 2);
    const code = get(op);
    if (code >= <u32>Op.VISIBLE) return at;
    at++;
    left--;
    switch (code) {
      case Op.JUMP: at = get(op + 1); break;
      case Op.BRANCH_ZERO: if (reg(task, get(op + 1)) == 0) at = get(op + 2); break;
      case Op.BRANCH_NONZERO: if (reg(task, get(op + 1)) != 0) at = get(op + 2); break;
      case Op.BRANCH_GE: if (reg(task, get(op + 1)) >= reg(task, get(op + 2))) at = get(op + 3); break;
      case Op.SET: setReg(task, get(op + 1), get(op + 2)); break;
      case Op.MOVE: setReg(task, get(op + 1), reg(task, get(op + 2))); break;
      case Op.ADD_PAGES: setReg(task, get(op + 1), reg(task, get(op + 1)) + pagesOf(get(op + 2))); break;
      case Op.SUB_PAGES: setReg(task, get(op + 1), reg(task, get(op + 1)) - pagesOf(get(op + 2))); break;
      case Op.ALIGN_DOWN: setReg(task, get(op + 1), alignDown(reg(task, get(op + 2)), get(op + 3))); break;
      case Op.ALIGN_UP: setReg(task, get(op + 1), alignUp(reg(task, get(op + 2)), get(op + 3))); break;
      case Op.SHIFT_BY: shiftBy(task, op); break;
      case Op.TEST: setReg(task, get(op + 1), when((regWord(task, get(op + 2)) & get(op + 3)) != 0)); break;
      case Op.WALK: pgtable.walk(task, get(op + 1), get(op + 2)); break;
      case Op.WALK_NEW: pgtable.walkNew(task, get(op + 1), get(op + 2)); break;
      case Op.READ_ENTRY: readEntry(task, get(op + 1)); break;
      case Op.PMD_SHARED: setReg(task, get(op + 1), when(hugetlb.isShared(task, get(op + 2) != 0))); break;
      case Op.WANT_SHARE: setReg(task, get(op + 1), when(hugetlb.wantShare(task))); break;
      case Op.FIND_SHAREABLE: hugetlb.findShareable(task); break;
      case Op.WIDEN_RANGE: hugetlb.widenRange(task); break;
      case Op.FIND_VMA: findVma(task, get(op + 1)); break;
      case Op.NEXT_DETACHED: vma.nextDetached(task); break;
      case Op.NEXT_IN_TREE: vma.nextInTree(task); break;
      case Op.VMA_BOUNDS: vma.vmaBounds(task, get(op + 1)); break;
      case Op.VMA_INDEX: vma.vmaIndex(task); break;
      case Op.NEXT_CACHED: pages.nextCached(task); break;
      case Op.PAGE_MAPPED: setReg(task, get(op + 1), get(frameAt(regWord(task, Reg.PAGE)) + Frame.MAPS)); break;
      case Op.BEYOND_SIZE: setReg(task, get(op + 1), when(pages.beyondSize(task))); break;
      case Op.RECORD: gather.recordRange(task, get(op + 1), get(op + 2), get(op + 3)); break;
      case Op.GATHER_NEEDS: setReg(task, get(op + 1), when(gather.needsFlush(gatherOf(task)))); break;
      case Op.GATHER_RANGE: gather.loadRange(task); break;
      case Op.GATHER_RESET: gather.reset(gatherOf(task)); break;
      case Op.GATHER_QUEUE: setReg(task, get(op + 1), when(gather.queuePage(task))); break;
      case Op.GATHER_QUEUED: setReg(task, get(op + 1), get(gatherOf(task) + Gather.COUNT)); break;
      case Op.GATHER_FULL: setReg(task, get(op + 1), when(gather.isFull(gatherOf(task)))); break;
      case Op.GATHER_PROMOTE: if (reg(task, get(op + 1)) > 1) gather.promote(gatherOf(task)); break;
      case Op.CHECK_RECORDED: gather.checkGather(task); break;
      case Op.CHECK_RANGE: checkRange(task); break;
      case Op.X86_CEILING: x86.decideFull(task); break;
      case Op.ARM64_LIMITS: arm64.decideLimits(task); break;
      case Op.ARM64_HINT: setReg(task, get(op + 1), gather.levelHint(task)); break;
      case Op.SIGNAL: pages.setSignal(task, get(op + 1)); break;
      default: break;
    }
  }
  violation(Fault.UNBALANCED, 0, 10);
  return at;
}

// biome-ignore format: one op, one line
function visible(task: u32, pc: u32): u32 {
  const op = codeBase + (pc << 2);
  const next = pc + 1;
  switch (get(op)) {
    case Op.LOCK_READ: locks.acquire(task, locks.lockOf(task, get(op + 1)), false, get(op + 2)); return next;
    case Op.LOCK_WRITE: locks.acquire(task, locks.lockOf(task, get(op + 1)), true, get(op + 2)); return next;
    case Op.TRYLOCK_WRITE: setReg(task, get(op + 3), when(tryLock(task, get(op + 1), get(op + 2)))); return next;
    case Op.UNLOCK: locks.unlock(task, locks.lockOf(task, get(op + 1)), get(op + 2)); return next;
    case Op.DOWNGRADE: locks.downgrade(task, locks.lockOf(task, get(op + 1))); return next;
    case Op.DETACH_VMAS: vma.detachVmas(task, false); return next;
    case Op.DETACH_ALL: vma.detachVmas(task, true); return next;
    case Op.VMA_UNSHAREABLE: vma.makeUnshareable(task); return next;
    case Op.UNLINK_FILE_VMA: vma.unlinkFile(task); return next;
    case Op.FREE_VMAS: vma.freeDetached(task); return next;
    case Op.MMAP: mapVma(task); return next;
    case Op.COPY_VMA: vma.copyVma(task); return next;
    case Op.PROTECT_VMAS: vma.protectVmas(task); return next;
    case Op.WRITE_SIZE: put(fileAt(regWord(task, Reg.FILE)) + FileRecord.SIZE, regWord(task, get(op + 1))); return next;
    case Op.PUD_CLEAR: hugetlb.pudClear(task, get(op + 1)); return next;
    case Op.TABLE_GET: hugetlb.tableGet(task, get(op + 1) != 0); return next;
    case Op.TABLE_PUT: putTable(task, get(op + 1) != 0); return next;
    case Op.PUD_POPULATE: setReg(task, get(op + 1), when(hugetlb.pudPopulate(task))); return next;
    case Op.ALLOC_TABLES: allocTables(task, op); return next;
    case Op.CLEAR_ENTRY: pgtable.clearEntry(task, get(op + 1), get(op + 2)); return next;
    case Op.SET_ENTRY: pgtable.setEntry(task, get(op + 1)); return next;
    case Op.PROTECT_ENTRY: pgtable.protectEntry(task, get(op + 1)); return next;
    case Op.MOVE_ENTRY: pgtable.moveEntry(task, get(op + 1), get(op + 2)); return next;
    case Op.FREE_NEXT_TABLE: setReg(task, get(op + 1), when(pgtable.freeNextTable(task))); return next;
    case Op.RMAP_ADD: pages.rmap(task, 1); return next;
    case Op.RMAP_REMOVE: pages.rmap(task, -1); return next;
    case Op.PUT_PAGE: pages.putPage(regWord(task, Reg.PAGE)); return next;
    case Op.FIND_OR_ALLOC_PAGE: setReg(task, get(op + 1), pages.findOrAlloc(task)); return next;
    case Op.REMOVE_FROM_CACHE: pages.removeFromCache(task); return next;
    case Op.REPLACE_IN_CACHE: pages.replaceInCache(task); return next;
    case Op.ALLOC_ANON_PAGE: setReg(task, get(op + 1), pages.allocAnon(task)); return next;
    case Op.ZAP_PTES: setReg(task, get(op + 1), when(zap.zapPtes(task, get(op + 2)))); return next;
    case Op.PROTECT_PTES: setReg(task, get(op + 1), when(zap.protectPtes(task))); return next;
    case Op.GATHER_START: gather.start(task, get(op + 1)); return next;
    case Op.GATHER_COUNT: setReg(task, get(op + 1), gather.openOnMm(gatherOf(task))); return next;
    case Op.GATHER_FREE: setReg(task, get(op + 1), when(freeQueued(task))); return next;
    case Op.GATHER_FINISH: gather.finish(task); return next;
    case Op.X86_NEXT_GENERATION: x86.nextGeneration(task); return next;
    case Op.X86_FLUSH_LOCAL: x86.flushLocal(task); return next;
    case Op.X86_SEND_IPI: x86.sendIpi(task); return next;
    case Op.X86_WAIT_IPI: return next;
    case Op.TLBI: arm64.tlbi(task, get(op + 1) == 0 ? 0 : regWord(task, get(op + 1))); return next;
    case Op.DSB: arm64.dsb(task); return next;
    case Op.ACCESS: return accessed(task, pc, get(op + 1) != 0, get(op + 2));
    case Op.SWITCH_MM: switchTo(task, regWord(task, Reg.NEW_START)); return next;
    case Op.ENTER_LAZY: x86.enterLazy(get(task + Task.CPU)); return next;
    case Op.LEAVE_MM: x86.leaveMm(get(task + Task.CPU)); return next;
    default: return next;
  }
}
