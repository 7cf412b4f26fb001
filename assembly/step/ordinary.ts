/**
 * Visible ops of ordinary pages: moving, reclaim, write-back. Reached from the default of step/visible.ts.
 */

import { Op } from "../abi/ops";
import * as move from "../mm/move";
import * as pages from "../mm/pages";
import * as pgtable from "../mm/pgtable";
import * as reclaim from "../mm/reclaim";
import { get, setReg } from "../word";

// biome-ignore format: one op, one line
export function ordinary(task: u32, op: u32): void {
  switch (get(op)) {
    case Op.MOVE_PTES: setReg(task, get(op + 1), move.movePtes(task, get(op + 2))); return;
    case Op.GET_CACHED: pages.getCached(task); return;
    case Op.MAKE_WRITABLE: pgtable.makeWritable(task); return;
    case Op.BATCH_READ: setReg(task, get(op + 1), reclaim.pending(task)); return;
    case Op.BATCH_DONE: reclaim.flushed(task, get(op + 1) != 0); return;
    default: return;
  }
}
