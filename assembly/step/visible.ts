/**
 * Visible ops: each has one effect that another CPU could tell apart. A case is one line; what an op means stands with
 * the primitive that it calls.
 */

import { Reg } from "../abi/operands";
import { Op } from "../abi/ops";
import { FileRecord, Tally } from "../abi/records";
import { Gather, Task } from "../abi/tasks";
import * as access from "../mm/access";
import { sendFlushAll } from "../mm/all";
import * as arm64 from "../mm/arm64";
import { freeInBulk } from "../mm/bulk";
import * as gather from "../mm/gather";
import * as hugetlb from "../mm/hugetlb";
import * as locks from "../mm/locks";
import * as pages from "../mm/pages";
import * as pgtable from "../mm/pgtable";
import * as switching from "../mm/switching";
import * as vma from "../mm/vma";
import * as x86 from "../mm/x86";
import * as zap from "../mm/zap";
import { add, bulk, codeBase, fileAt, gatherOf, get, put, reg, regWord, setReg, tally } from "../word";
import { more } from "./more";

function tryLock(task: u32, ref: u32, rank: u32): bool {
  const lock = locks.lockOf(task, ref);
  if (!locks.available(lock, true)) return false;
  locks.take(task, lock, true, rank);
  return true;
}

/**
 * Links the VMA that the registers describe; FLAGS with PROT, FILE as number + 1. Where something is mapped already,
 * nothing happens (MAP_FIXED_NOREPLACE).
 */
function mapVma(task: u32): void {
  const flags = regWord(task, Reg.FLAGS) | regWord(task, Reg.PROT);
  const mm = regWord(task, Reg.MM);
  const file = regWord(task, Reg.FILE);
  if (vma.isOccupied(mm, reg(task, Reg.START), reg(task, Reg.END))) return;
  const made = vma.linkVma(mm, reg(task, Reg.START), reg(task, Reg.END), flags, file, reg(task, Reg.OFFSET));
  if (made == 0) add(tally(Tally.OVERFLOW), 1);
}

/** tlb_batch_pages_flush, one page. The last queued goes first: the order tells nothing apart but the free list. */
function freeQueued(task: u32): bool {
  const record = gatherOf(task);
  const left = get(record + Gather.COUNT);
  if (left == 0) return false;
  if (bulk) {
    freeInBulk(task);
    return false;
  }
  put(record + Gather.COUNT, left - 1);
  const slot = record + Gather.WORDS + left - 1;
  const frame = get(slot) & ~zap.DELAYED;
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
  switching.switchMm(get(task + Task.CPU), mm);
  put(task + Task.MM, mm);
  setReg(task, Reg.MM, mm);
}

function putTable(task: u32, byShareCount: bool): void {
  if (hugetlb.tablePut(task, byShareCount)) pages.putPage(regWord(task, Reg.TABLE));
}

function allocTables(task: u32, op: u32): void {
  setReg(task, get(op + 1), when(pgtable.allocTablesFor(task, get(op + 3), get(op + 2))));
}

function cleared(task: u32, op: u32): void {
  const old = pgtable.clearEntry(task, get(op + 1), get(op + 2));
  if (get(op + 3) != 0) setReg(task, get(op + 3), old);
}

function when(condition: bool): u64 {
  return condition ? 1 : 0;
}

// biome-ignore format: one op, one line
export function visible(task: u32, pc: u32): u32 {
  const op = codeBase + (pc << 2);
  const next = pc + 1;
  switch (get(op)) {
    case Op.LOCK_READ: locks.acquire(task, get(task + Task.WAIT), false, get(op + 2)); return next;
    case Op.LOCK_WRITE: locks.acquire(task, get(task + Task.WAIT), true, get(op + 2)); return next;
    case Op.TRYLOCK_WRITE: setReg(task, get(op + 3), when(tryLock(task, get(op + 1), get(op + 2)))); return next;
    case Op.UNLOCK: locks.unlock(task, locks.lockOf(task, get(op + 1)), get(op + 2)); return next;
    case Op.DOWNGRADE: locks.downgrade(task, locks.lockOf(task, get(op + 1))); return next;
    case Op.DETACH_VMAS: vma.detachVmas(task, false); return next;
    case Op.DETACH_ALL: vma.detachVmas(task, true); return next;
    case Op.VMA_UNSHAREABLE: vma.makeUnshareable(task, get(op + 1) != 0); return next;
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
    case Op.CLEAR_ENTRY: cleared(task, op); return next;
    case Op.SET_ENTRY: pgtable.setEntry(task, get(op + 1), get(op + 2)); return next;
    case Op.PROTECT_ENTRY: pgtable.protectEntry(task, get(op + 1)); return next;
    case Op.MOVE_ENTRY: pgtable.moveEntry(task, get(op + 1), get(op + 2), get(op + 3)); return next;
    case Op.FREE_NEXT_TABLE: setReg(task, get(op + 1), pgtable.freeNextTable(task)); return next;
    case Op.RMAP_ADD: pages.rmap(task, 1); return next;
    case Op.RMAP_REMOVE: pages.rmap(task, -1); return next;
    case Op.PUT_PAGE: pages.putPage(regWord(task, Reg.PAGE)); return next;
    case Op.FIND_OR_ALLOC_PAGE: setReg(task, get(op + 1), pages.findOrAlloc(task)); return next;
    case Op.REMOVE_FROM_CACHE: pages.removeFromCache(task); return next;
    case Op.REPLACE_IN_CACHE: pages.replaceInCache(task); return next;
    case Op.ALLOC_ANON_PAGE: setReg(task, get(op + 1), pages.allocAnon(task)); return next;
    case Op.ZAP_PTES: setReg(task, get(op + 1), zap.zapPtes(task, get(op + 2), get(op + 3) != 0)); return next;
    case Op.PROTECT_PTES: setReg(task, get(op + 1), zap.protectPtes(task, get(op + 2) != 0)); return next;
    case Op.GATHER_START: gather.start(task, get(op + 1)); return next;
    case Op.GATHER_COUNT: setReg(task, get(op + 1), gather.openOnMm(gatherOf(task))); return next;
    case Op.GATHER_FREE: setReg(task, get(op + 1), when(freeQueued(task))); return next;
    case Op.GATHER_FINISH: gather.finish(task); return next;
    case Op.X86_NEXT_GENERATION: x86.nextGeneration(task); return next;
    case Op.X86_FLUSH_LOCAL: x86.flushLocal(task); return next;
    case Op.X86_SEND_IPI: x86.sendIpi(task); return next;
    case Op.X86_WAIT_IPI: return next;
    case Op.SEND_FLUSH_ALL: sendFlushAll(task); return next;
    case Op.TLBI: arm64.tlbi(task, get(op + 1) == 0 ? 0 : regWord(task, get(op + 1))); return next;
    case Op.DSB: arm64.dsb(task); return next;
    case Op.ACCESS: return accessed(task, pc, get(op + 1) != 0, get(op + 2));
    case Op.SWITCH_MM: switchTo(task, regWord(task, Reg.NEW_START)); return next;
    case Op.ENTER_LAZY: switching.enterLazy(get(task + Task.CPU)); return next;
    case Op.LEAVE_MM: switching.leaveMm(get(task + Task.CPU)); return next;
    default: return more(task, op, next);
  }
}
