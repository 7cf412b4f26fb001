/**
 * Visible ops of ordinary pages: moving, reclaim, write-back. Reached from the default of step/visible.ts.
 */

import { Reg } from "../abi/operands";
import { Op } from "../abi/ops";
import { Mm } from "../abi/records";
import * as gather from "../mm/gather";
import * as hugezero from "../mm/hugezero";
import * as move from "../mm/move";
import * as pages from "../mm/pages";
import * as pgtable from "../mm/pgtable";
import * as reclaim from "../mm/reclaim";
import * as writeback from "../mm/writeback";
import { get, mmAt, regWord, setReg } from "../word";
import { walkers } from "./walkers";

/** mm_tlb_flush_pending */
function isPending(task: u32): u64 {
  return get(mmAt(regWord(task, Reg.MM)) + Mm.FLUSH_PENDING) != 0 ? 1 : 0;
}

// biome-ignore format: one op, one line
export function ordinary(task: u32, op: u32): void {
  switch (get(op)) {
    case Op.MOVE_PTES: setReg(task, get(op + 1), move.movePtes(task, get(op + 2))); return;
    case Op.GET_CACHED: pages.getCached(task); return;
    case Op.MAKE_WRITABLE: pgtable.makeWritable(task); return;
    case Op.BATCH_MARK: reclaim.mark(task, get(op + 1) != 0, regWord(task, get(op + 2))); return;
    case Op.BATCH_ADD: reclaim.addCpus(task); return;
    case Op.BATCH_SEND: reclaim.send(task); return;
    case Op.FLUSH_RMAPS: writeback.flushRmaps(task); return;
    case Op.PENDING: gather.setPending(task, get(op + 1)); return;
    case Op.PENDING_READ: setReg(task, get(op + 1), isPending(task)); return;
    case Op.SET_PROTNONE: pgtable.setProtNone(task); return;
    case Op.MARK_DIRTY: writeback.markDirty(task, regWord(task, get(op + 1))); return;
    case Op.CLEAR_DIRTY: setReg(task, get(op + 1), writeback.clearDirty(task)); return;
    case Op.WRITE_OUT: writeback.writeOut(task); return;
    case Op.DEVICE_PAGE: setReg(task, get(op + 1), pages.devicePage(task)); return;
    case Op.GET_HUGE_ZERO: setReg(task, get(op + 1), hugezero.getHugeZero(task)); return;
    case Op.SHRINK_HUGE_ZERO: hugezero.shrinkHugeZero(); return;
    case Op.BATCH_READ: setReg(task, get(op + 1), reclaim.pending(task)); return;
    case Op.BATCH_DONE: reclaim.flushed(task, get(op + 1) != 0); return;
    default: walkers(task, op); return;
  }
}
