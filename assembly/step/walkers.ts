/**
 * Visible ops of software walkers, of waiting for them, of VMA splits and of collapses. Reached from ordinary().
 */
import { Reg } from "../abi/operands";
import { Op } from "../abi/ops";
import * as collapse from "../mm/collapse";
import * as gup from "../mm/gup";
import * as pgtable from "../mm/pgtable";
import * as vma from "../mm/vma";
import { get, reg, regWord, setReg } from "../word";

function when(condition: bool): u64 {
  return condition ? 1 : 0;
}

function speculate(task: u32): u64 {
  return when(gup.speculate(task, pgtable.pudSlot(regWord(task, Reg.NEW_START), reg(task, Reg.START))));
}

// biome-ignore format: one op, one line
export function walkers(task: u32, op: u32): void {
  switch (get(op)) {
    case Op.GUP_BEGIN: gup.begin(task); return;
    case Op.GUP_STEP: setReg(task, get(op + 1), gup.step(task)); return;
    case Op.GUP_GRAB: setReg(task, get(op + 1), when(gup.grab(task))); return;
    case Op.GUP_UNCHANGED: setReg(task, get(op + 1), when(gup.unchanged(task, get(op + 2)))); return;
    case Op.GUP_END: gup.end(task); return;
    case Op.SYNC_IPI: gup.sync(task); return;
    case Op.SYNC_WAIT: return;
    case Op.SPECULATE: setReg(task, get(op + 1), speculate(task)); return;
    case Op.UNSPECULATE: gup.unspeculate(task); return;
    case Op.SPLIT_VMA: vma.splitAt(regWord(task, Reg.MM), reg(task, get(op + 1))); return;
    case Op.ALLOC_HUGE: setReg(task, get(op + 1), collapse.allocHuge(task)); return;
    case Op.ISOLATE_PAGES: setReg(task, get(op + 1), when(collapse.isolate(task, regWord(task, get(op + 2))))); return;
    case Op.COPY_NEXT: setReg(task, get(op + 1), when(collapse.copyNext(task, regWord(task, get(op + 2))))); return;
    case Op.POPULATE: collapse.populate(task, regWord(task, get(op + 1))); return;
    case Op.WITHDRAW: collapse.withdraw(task); return;
    case Op.SET_HUGE: setReg(task, get(op + 1), when(pgtable.setHuge(task))); return;
    default: return;
  }
}
