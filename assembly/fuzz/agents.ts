/**
 * Who can move, kept up to date step by step.
 *
 * Only the agent that has moved waits for something else afterwards, and CPUs are interrupted by few ops. So what each
 * task waits for is kept here, and a step asks three words instead of recomputing everything. run.ts says what being
 * able to move means; the debug build compares the two at every step.
 *
 * Invariants
 *   A1  After `moved(agent)` for each step since `startAgents()`, `ready()` equals `enabledMask()` of run.ts.
 */
import { Task } from "../abi/tasks";
import { interruptsMoved, takeInterruptsMoved } from "../mm/interrupts";
import { canInterrupt, enabledMask, kernelAgents } from "../run";
import { cpuAt, cpus, get, taskAt, tasks } from "../word";
import { touchedBy, touchedByInterrupt } from "./touched";

/** Of each task: byte address of the word that it waits for, and which of its bits must be zero. */
const waits = memory.data(64 * 8, 16);
/** Of each agent: what its next step works on (touched.ts). */
const objects = memory.data(64 * 4, 16);
/** What waits for ever: a task that has finished. */
const never: usize = memory.data<u32>([0xffffffff, 0, 0, 0], 16);
/** Tasks looked at without a loop. */
const STRAIGHT: u32 = 4;

let interrupts: u64 = 0;

function seekInterrupts(): void {
  takeInterruptsMoved();
  interrupts = 0;
  for (let cpu: u32 = 0; cpu < cpus; cpu++) interrupts |= (<u64>canInterrupt(cpuAt(cpu))) << (<u64>(tasks + cpu));
}

/** What the agent's next step works on. */
export function objectOf(agent: u32): u32 {
  return load<u32>(objects + (agent << 2));
}

/** A task has taken a step. */
export function movedTask(agent: u32): void {
  const task = taskAt(agent);
  const at = waits + (agent << 3);
  store<u32>(at, get(task + Task.DONE) != 0 ? <u32>never : get(task + Task.WAIT) << 2);
  store<u32>(at, get(task + Task.WAIT_WRITE) != 0 ? 0xffffffff : 0x80000000, 4);
  store<u32>(objects + (agent << 2), touchedBy(task, get(task + Task.PC)));
}

/** A run begins. */
export function startAgents(): void {
  const agents = kernelAgents();
  for (let agent: u32 = 0; agent < agents; agent++) {
    if (agent < tasks) movedTask(agent);
    else store<u32>(objects + (agent << 2), touchedByInterrupt(agent - tasks));
  }
  for (let agent = tasks; agent < STRAIGHT; agent++) store<u32>(waits + (agent << 3), <u32>never);
  for (let agent = tasks; agent < STRAIGHT; agent++) store<u32>(waits + (agent << 3), 0xffffffff, 4);
  seekInterrupts();
}

function isFree(at: usize): u64 {
  return <u64>((load<u32>(load<u32>(at)) & load<u32>(at, 4)) == 0);
}

/** Bit set of the agents that can move. */
export function ready(): u64 {
  if (interruptsMoved) seekInterrupts();
  let mask = interrupts | isFree(waits) | (isFree(waits + 8) << 1) | (isFree(waits + 16) << 2);
  mask |= isFree(waits + 24) << 3;
  for (let agent = STRAIGHT; agent < tasks; agent++) mask |= isFree(waits + (agent << 3)) << (<u64>agent);
  // Not assert(): the name of its file would move the state of the debug build, and hashes with it.
  if (!ASC_NO_ASSERT && mask != enabledMask()) unreachable();
  return mask;
}
