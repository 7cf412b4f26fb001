/**
 * One step of one task: a visible op, then the local ops that follow it.
 *
 * The only place where a listing moves kernel state. What the ops do: step/local.ts and step/visible.ts.
 *
 * Invariants
 *   S1  A task that is enabled can take its step; a step never blocks half way.
 *   S2  Local ops touch only the task's own registers and gather, or read what a lock that it holds keeps still.
 */

import { EventKind, Fault } from "./abi/events";
import { Reg } from "./abi/operands";
import { Op } from "./abi/ops";
import { Cpu } from "./abi/records";
import { REGISTERS, Task } from "./abi/tasks";
import { callEnds } from "./ghost/calls";
import { currentAgent, event, setCurrentPc, violation } from "./ghost/report";
import { callReturned } from "./ghost/rules";
import * as gather from "./mm/gather";
import * as locks from "./mm/locks";
import * as pgtable from "./mm/pgtable";
import { runLocal } from "./step/local";
import { visible } from "./step/visible";
import {
  clearWords,
  codeBase,
  cpuAt,
  gatherOf,
  get,
  put,
  putLong,
  reg,
  regWord,
  scriptBase,
  setReg,
  tracing,
} from "./word";

/** Takes the visible step at the task's PC and stops before the next one. */
export function stepTask(task: u32): void {
  const pc = get(task + Task.PC);
  setCurrentPc(pc);
  if (tracing) traceStep(task, pc);
  if (get(codeBase + (pc << 2)) == <u32>Op.RETURN) returned(task, get(codeBase + (pc << 2) + 1));
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
  if (code == <u32>Op.RETURN && get(codeBase + (at << 2) + 2) != 0) {
    returned(task, get(codeBase + (at << 2) + 1) != 0);
    return;
  }
  put(task + Task.WAIT_WRITE, code == Op.LOCK_READ ? 0 : 1);
  put(task + Task.WAIT, awaited(task, code, get(codeBase + (at << 2) + 1)));
}

/** Word that must be zero before the op can run. An empty entry and an answered interrupt are free like a lock. */
function awaited(task: u32, code: u32, operand: u32): u32 {
  if (code <= <u32>Op.LOCK_WRITE) return locks.lockOf(task, operand);
  if (code < <u32>Op.X86_WAIT_IPI) return 0;
  if (code == Op.X86_WAIT_IPI) return cpuAt(get(task + Task.CPU)) + Cpu.AWAITED;
  if (code == Op.SYNC_WAIT) return cpuAt(get(task + Task.CPU)) + Cpu.SYNCS;
  if (code == Op.AWAIT_ZAPPED) return pgtable.leafSlot(regWord(task, Reg.NEW_START), reg(task, Reg.START));
  if (code == Op.AWAIT_CLEAR) return pgtable.pudSlot(regWord(task, Reg.NEW_START), reg(task, Reg.START));
  if (code == Op.SLEEP) return locks.lockOf(task, operand);
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
function returned(task: u32, promised: u32): void {
  if (promised != 0) callReturned(get(task + Task.MM), reg(task, Reg.START), reg(task, Reg.END), promised == 2);
  callEnds(currentAgent);
  if (get(task + Task.RANKS) != 0) violation(Fault.UNBALANCED, 0, 8);
  if (gather.isOpen(gatherOf(task))) violation(Fault.UNBALANCED, 0, 9);
  if (get(task + Task.BATCH_DUE) != 0) violation(Fault.UNBALANCED, 0, 13);
  clearWords(task + Task.REGISTER, REGISTERS << 1);
  nextCall(task);
}
