/**
 * Visible ops, continued: what particular machines and features need. Reached from the default case of visible().
 */
import { Reg } from "../abi/operands";
import { Op } from "../abi/ops";
import { Mm } from "../abi/records";
import { Task } from "../abi/tasks";
import * as arm64 from "../mm/arm64";
import * as asid from "../mm/asid";
import * as cow from "../mm/cow";
import * as gup from "../mm/gup";
import * as locks from "../mm/locks";
import * as pgtable from "../mm/pgtable";
import * as riscv from "../mm/riscv";
import * as secondary from "../mm/secondary";
import * as switching from "../mm/switching";
import * as x86 from "../mm/x86";
import { get, mmAt, put, regWord, setReg } from "../word";
import { ordinary } from "./ordinary";

function cpuOf(task: u32): u32 {
  return get(task + Task.CPU);
}

/** The task runs in the mm from here on. */
function switched(task: u32): void {
  const mm = regWord(task, Reg.NEW_START);
  switching.finishSwitch(cpuOf(task), mm);
  put(task + Task.MM, mm);
  setReg(task, Reg.MM, mm);
}

function when(condition: bool): u64 {
  return condition ? 1 : 0;
}

// biome-ignore format: one op, one line
export function more(task: u32, op: u32, next: u32): u32 {
  switch (get(op)) {
    case Op.RISCV_SEND: riscv.send(task); return next;
    case Op.RISCV_FENCE_LOCAL: riscv.fenceLocal(task); return next;
    case Op.FAIL_BATCHES: pgtable.failBatches(task); return next;
    case Op.IRQ_OFF: gup.setIrqOff(cpuOf(task), get(op + 1)); return next;
    case Op.SWITCH_BEGIN: switching.beginSwitch(cpuOf(task), regWord(task, Reg.NEW_START)); return next;
    case Op.SWITCH_END: switched(task); return next;
    case Op.UNHOOK_TABLE: pgtable.unhookTable(task, get(op + 1)); return next;
    case Op.MIRROR: secondary.mirror(task); return next;
    case Op.NOTIFY: secondary.notify(task, get(op + 1) != 0); return next;
    case Op.NOTIFY_SEQUENCE: setReg(task, get(op + 1), secondary.sequence(task)); return next;
    case Op.MIRRORED: setReg(task, get(op + 1), when(secondary.mirrored(task, get(op + 2)))); return next;
    case Op.CLEAR_LEAVES: setReg(task, get(op + 1), when(secondary.clearLeaves(task, get(op + 2)))); return next;
    case Op.CLEAR_ORPHANS: secondary.clearOrphans(task, get(op + 1)); return next;
    case Op.DROP_UNFLUSHED: setReg(task, get(op + 1), when(secondary.dropUnflushed(task, get(op + 2)))); return next;
    case Op.COUNT_DIRTY: secondary.countDirty(task); return next;
    case Op.KERNEL_SEND: x86.sendKernel(task); return next;
    case Op.KERNEL_LOCAL: x86.kernelLocal(task); return next;
    case Op.ASID_ROLLOVER: asid.rollover(); return next;
    case Op.READ_ASID: setReg(task, get(op + 1), asid.asidOf(task)); return next;
    case Op.TLBI_ASID: arm64.tlbiAsid(task, get(op + 1)); return next;
    case Op.FLUSH_PENDING: setReg(task, get(op + 1), get(mmAt(regWord(task, Reg.MM)) + Mm.FLUSH_PENDING)); return next;
    case Op.PREPARE_TO_WAIT: locks.prepareToWait(task, locks.lockOf(task, get(op + 1))); return next;
    case Op.SLEEP: return next;
    case Op.WAKE_UP: put(locks.lockOf(task, get(op + 1)), 0); return next;
    case Op.COPY_PAGE: cow.copyPage(task); return next;
    default: ordinary(task, op); return next;
  }
}
