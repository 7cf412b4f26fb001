/**
 * Local ops: what the task alone can see, or what a lock that it holds keeps still. They run with the visible op before
 * them.
 */

import { Fault } from "../abi/events";
import { Boot } from "../abi/layout";
import { Reg } from "../abi/operands";
import { Op } from "../abi/ops";
import { FileRecord, Frame, Vma } from "../abi/records";
import { Gather, Task } from "../abi/tasks";
import { violation } from "../ghost/report";
import { checkRecorded } from "../ghost/rules";
import { alignDown, alignUp, frameOf, pagesOf } from "../hw/tables";
import * as arm64 from "../mm/arm64";
import * as collapse from "../mm/collapse";
import * as gather from "../mm/gather";
import * as gup from "../mm/gup";
import * as hugetlb from "../mm/hugetlb";
import * as locks from "../mm/locks";
import * as move from "../mm/move";
import * as pages from "../mm/pages";
import * as pgtable from "../mm/pgtable";
import * as reclaim from "../mm/reclaim";
import * as riscv from "../mm/riscv";
import * as secondary from "../mm/secondary";
import * as vma from "../mm/vma";
import * as writeback from "../mm/writeback";
import * as x86 from "../mm/x86";
import * as zap from "../mm/zap";
import { boot, codeBase, fileAt, frameAt, gatherOf, get, reg, regWord, setReg } from "../word";

/** Jumps that local ops may take in a row: a listing that loops without a visible step is a defect, not a hang. */
const JUMPS_MAX: u32 = 4000000;

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

function shiftBy(task: u32, op: u32): void {
  const to = get(op + 1);
  setReg(task, to, reg(task, to) + reg(task, get(op + 2)) - reg(task, get(op + 3)));
}

function hasUnshared(task: u32, fully: u32): u64 {
  return when(gather.hasUnshared(gatherOf(task), fully != 0));
}

function holdsLock(task: u32, ref: u32): u64 {
  return when(locks.isHeld(task, locks.lockOf(task, ref), true));
}

function when(condition: bool): u64 {
  return condition ? 1 : 0;
}

/** Runs local ops from `pc` up to a visible one. Operands are read where they are used: V8 does not sink a load. */
// biome-ignore format: one op, one line
export function runLocal(task: u32, pc: u32): u32 {
  let at = pc;
  let left = JUMPS_MAX;
  while (left > 0) {
    const op = codeBase + (at << 2);
    const code = get(op);
    if (code == Op.BRANCH_ZERO) {
      // One op in three: asked for here, the jump through the table has one answer less to guess.
      const isTaken = reg(task, get(op + 1)) == 0;
      at = isTaken ? get(op + 2) : at + 1;
      left -= <u32>isTaken;
      continue;
    }
    if (code >= <u32>Op.VISIBLE) return at;
    at++;
    switch (code) {
      case Op.JUMP: at = get(op + 1); left--; break;
      case Op.BRANCH_NONZERO: if (reg(task, get(op + 1)) != 0) { at = get(op + 2); left--; } break;
      case Op.BRANCH_GE: if (reg(task, get(op + 1)) >= reg(task, get(op + 2))) { at = get(op + 3); left--; } break;
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
      case Op.STILL_IN_TREE: setReg(task, get(op + 1), when(vma.stillInTree(task))); break;
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
      case Op.GATHER_UNSHARE: gather.unshare(task); break;
      case Op.GATHER_UNSHARED: setReg(task, get(op + 1), hasUnshared(task, get(op + 2))); break;
      case Op.GATHER_SYNCED: gather.synced(gatherOf(task)); break;
      case Op.GATHER_WALKERS: setReg(task, get(op + 1), when(gup.holdsUp(task))); break;
      case Op.LOCK_HELD: setReg(task, get(op + 1), holdsLock(task, get(op + 2))); break;
      case Op.GUP_KEEP: gup.keep(task); break;
      case Op.RISCV_LIMITS: riscv.decideLimits(task); break;
      case Op.SECONDARY: setReg(task, get(op + 1), when(secondary.toSecondary(task))); break;
      case Op.NOTIFY_RETRY: setReg(task, get(op + 1), when(secondary.mustRetry(task, get(op + 2)))); break;
      case Op.TLBS_DIRTY: setReg(task, get(op + 1), secondary.dirtyCount(task)); break;
      case Op.TRUNCATE: setReg(task, get(op + 1), regWord(task, get(op + 1))); break;
      case Op.ERRATUM: setReg(task, get(op + 1), when((boot(Boot.ERRATA) & get(op + 2)) != 0)); break;
      case Op.SIGNAL: pages.setSignal(task, get(op + 1)); break;
      case Op.BRANCH_EQ: if (reg(task, get(op + 1)) == reg(task, get(op + 2))) { at = get(op + 3); left--; } break;
      case Op.MOVE_EXTENT: move.moveExtent(task); break;
      case Op.SKIP_TABLE: zap.skipTable(task); break;
      case Op.STILL_CACHED: setReg(task, get(op + 1), when(pages.stillCached(task))); break;
      case Op.VMA_FILE: setReg(task, get(op + 1), when(vma.vmaFile(task))); break;
      case Op.FILE_LEVEL: setReg(task, get(op + 1), get(fileAt(regWord(task, Reg.FILE)) + FileRecord.LEVEL)); break;
      case Op.PAGE_DIRTY: setReg(task, get(op + 1), when(writeback.isDirty(task))); break;
      case Op.GATHER_PFN: setReg(task, get(op + 1), when(gather.hasPfn(gatherOf(task)))); break;
      case Op.GATHER_SPAN: setReg(task, get(op + 1), when(gather.hasSpan(gatherOf(task)))); break;
      case Op.GATHER_FORCE: gather.force(task, get(op + 1) != 0); break;
      case Op.BATCH_RESET: reclaim.reset(task); break;
      case Op.BATCH_DUE: setReg(task, get(op + 1), get(task + Task.BATCH_DUE)); break;
      case Op.MAY_MOVE: setReg(task, get(op + 1), when(vma.mayMove(task))); break;
      case Op.LIVE_BELOW: setReg(task, get(op + 1), collapse.liveBelow(task)); break;
      case Op.OWN_HUGE: setReg(task, get(op + 1), when(collapse.isOwnHuge(task))); break;
      case Op.DEPOSIT: collapse.deposit(task, regWord(task, get(op + 1))); break;
      case Op.BATCH_DEFER: setReg(task, get(op + 1), when(reclaim.shouldDefer(task))); break;
      default: break;
    }
  }
  violation(Fault.UNBALANCED, 0, 10);
  return at;
}
