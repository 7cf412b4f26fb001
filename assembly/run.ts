/**
 * Agents and runs: who can move, moving one, following a schedule.
 *
 * Agents are numbered: tasks, then the flush interrupt of each CPU, then (when Run.HARDWARE_AGENTS is set, with
 * concrete TLBs) the speculative fill of each huge-page slot by each CPU, and a full eviction of each CPU.
 * A schedule is one byte, the agent's number, for each step at which more than one agent could move.
 */

import { EventKind, Fault, Status } from "./abi/events";
import { Base, Run } from "./abi/layout";
import { Op } from "./abi/ops";
import { Cpu, Tally } from "./abi/records";
import { Task } from "./abi/tasks";
import { event, setCurrent, setCurrentAgent, violation } from "./ghost/report";
import { invalidateAll } from "./hw/invalidate";
import { pagesOf, spaceEnd } from "./hw/tables";
import { speculate } from "./mm/access";
import { available } from "./mm/locks";
import { handleIpi } from "./mm/x86";
import { stepTask } from "./step";
import {
  add,
  base,
  codeBase,
  concrete,
  cpuAt,
  cpuBase,
  cpus,
  get,
  runWord,
  setRun,
  stateBase,
  tally,
  taskAt,
  taskBase,
  tasks,
} from "./word";

/** Agents that are tasks or interrupts; the enabled ones among them fit in one 64-bit mask. */
export function kernelAgents(): u32 {
  return tasks + cpus;
}

function fillSlots(): u32 {
  return <u32>(spaceEnd() / pagesOf(1));
}

export function agentCount(): u32 {
  const hardware = concrete && runWord(Run.HARDWARE_AGENTS) != 0;
  return kernelAgents() + (hardware ? cpus * (fillSlots() + 1) : 0);
}

// One agent after another is asked at every step, and the answers are as good as random: `&` instead of `&&` keeps
// the branch predictor out of it.

function canStep(task: u32): bool {
  const free = available(get(task + Task.WAIT), get(task + Task.WAIT_WRITE) != 0);
  return <bool>(<u32>free & <u32>(get(task + Task.DONE) == 0));
}

export function canInterrupt(cpu: u32): bool {
  return <bool>(<u32>(get(cpu + Cpu.PENDING) != 0) & <u32>(get(cpu + Cpu.IRQ_OFF) == 0));
}

/** Bit set of the tasks and interrupts that can move. */
export function enabledMask(): u64 {
  const tasksEnd = taskAt(tasks);
  const cpusEnd = cpuAt(cpus);
  let mask: u64 = 0;
  let agent: u64 = 0;
  for (let task = taskBase; task < tasksEnd; task += Task.WORDS) mask |= (<u64>canStep(task)) << agent++;
  for (let cpu = cpuBase; cpu < cpusEnd; cpu += Cpu.WORDS) mask |= (<u64>canInterrupt(cpu)) << agent++;
  return mask;
}

export function isEnabled(agent: u32): bool {
  if (agent < tasks) return canStep(taskAt(agent));
  if (agent < kernelAgents()) return canInterrupt(cpuAt(agent - tasks));
  return agent < agentCount();
}

/** One step of one enabled agent. */
export function stepAgent(agent: u32): void {
  add(tally(Tally.STEPS), 1);
  moveAgent(agent);
}

/** The step itself, without counting it. */
export function moveAgent(agent: u32): void {
  if (agent < tasks) {
    setCurrentAgent(agent);
    stepTask(taskAt(agent));
  } else if (agent < kernelAgents()) {
    setCurrent(agent, 0xffffffff);
    event(EventKind.STEP, agent - tasks, 0, 0, 0, 0, 0xffffffff);
    handleIpi(agent - tasks);
  } else {
    setCurrent(agent, 0xfffffffe);
    stepHardware(agent - kernelAgents());
  }
}

function stepHardware(choice: u32): void {
  const slots = fillSlots();
  if (choice < cpus * slots) speculate(choice / slots, <u64>(choice % slots) * pagesOf(1));
  else invalidateAll(choice - cpus * slots);
}

/** Every task has finished and no interrupt waits. */
export function isFinished(): bool {
  for (let i: u32 = 0; i < tasks; i++) if (get(taskAt(i) + Task.DONE) == 0) return false;
  for (let cpu: u32 = 0; cpu < cpus; cpu++) if (get(cpuAt(cpu) + Cpu.PENDING) != 0) return false;
  return true;
}

export function stateBytes(): u32 {
  return (base(Base.STATE_END) - base(Base.STATE)) << 2;
}

export function saveInitial(): void {
  memory.copy(base(Base.INITIAL) << 2, stateBase << 2, stateBytes());
}

export function reset(): void {
  memory.copy(stateBase << 2, base(Base.INITIAL) << 2, stateBytes());
}

/** Nobody can move and not everybody has finished. */
export function deadlocked(): u32 {
  let sleeps = false;
  for (let i: u32 = 0; i < tasks; i++) {
    const task = taskAt(i);
    if (get(task + Task.DONE) == 0 && get(codeBase + (get(task + Task.PC) << 2)) == <u32>Op.SLEEP) sleeps = true;
  }
  violation(sleeps ? Fault.LOST_WAKE_UP : Fault.DEADLOCK, 0, 0);
  return Status.DEADLOCKED;
}

/** Steps one task (interrupts as they come) until it has finished or cannot go on: the set-up of a scenario. */
export function runAlone(task: u32, stepsMax: u32): u32 {
  let left = stepsMax;
  while (left > 0) {
    if (canStep(taskAt(task))) stepAgent(task);
    else if (!stepInterrupt()) return get(taskAt(task) + Task.DONE) != 0 ? Status.FINISHED : deadlocked();
    left--;
  }
  return Status.BOUNDED;
}

function stepInterrupt(): bool {
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    if (!canInterrupt(cpuAt(cpu))) continue;
    stepAgent(tasks + cpu);
    return true;
  }
  return false;
}

/** Follows the schedule bytes; forced moves take none. Ends where the schedule, the run or the bound ends. */
export function runSchedule(): u32 {
  const bytes = base(Base.SCHEDULE) << 2;
  const length = runWord(Run.SCHEDULE_LENGTH);
  const stepsMax = runWord(Run.STEPS_MAX);
  const stop = runWord(Run.STOP_MASK);
  let used: u32 = 0;
  let status: u32 = Status.RUNNING;
  while (status == Status.RUNNING) {
    const mask = enabledMask();
    let agent = <u32>ctz(mask);
    if (mask == 0) {
      status = isFinished() ? <u32>Status.FINISHED : deadlocked();
      continue;
    }
    if ((mask & (mask - 1)) != 0 || agentCount() > kernelAgents()) {
      if (used == length) {
        status = Status.UNFINISHED;
        continue;
      }
      agent = load<u8>(bytes + used);
      if (!isEnabled(agent)) {
        setRun(Run.MISFIT, used);
        status = Status.MISFIT;
        continue;
      }
      used++;
    }
    stepAgent(agent);
    if ((get(tally(Tally.VIOLATIONS)) & stop) != 0) status = Status.STOPPED;
    else if (get(tally(Tally.STEPS)) >= stepsMax) status = Status.BOUNDED;
  }
  setRun(Run.SCHEDULE_USED, used);
  setRun(Run.STATUS, status);
  return status;
}
