/**
 * Partial-order reduction: of the agents that can move, a persistent set is enough.
 *
 * A set of agents is persistent in a state when nothing that the others may do, until one of the set moves, conflicts
 * with the next step of any of its members that can move. What the others do can then come after that step as well,
 * and the schedules that begin with it tell everything: each step of each schedule is tried with the same past, so
 * the same violations are found, and every state in which nobody can move is reached.
 *
 * Protocol
 *   What steps use, and may come to use, is asked of conflicts.ts; what makes that right is said in learn.ts.
 *
 * Invariants
 *   A1  A member that cannot move stays so until a member moves: who could free it is a member (necessary enabling).
 *   A2  A place that a run may pass twice is never left by a member of a smaller set: on each cycle of the search some
 *       state tries everybody, and nobody is put off for ever.
 */
import { Cpu } from "../abi/records";
import { Task } from "../abi/tasks";
import { holderOf } from "../mm/locks";
import { kernelAgents } from "../run";
import { cpuAt, cpus, get, mmBase, taskAt, tasks, vmaBase } from "../word";
import { conflict, isCyclic, isKnown, lockCount, lockWord, mayWrite } from "./conflicts";
import { askedBy, placeOf, requestOf, stepNoted } from "./places";

/** One bit of a mask says that it has been worked out. */
export const AGENTS_MAX: u32 = 63;
const DONE: u64 = (<u64>1) << 63;

/**
 * Of each agent in the state that is looked at: the place of its next step, and the agents with whose future that step
 * conflicts.
 */
const places = memory.data(64 * 4);
/** Task that runs on each CPU, or none. */
const runs = memory.data(64 * 4);
const NOBODY: u32 = 63;
const enemies = memory.data(64 * 8);
/** Agents that may still come to move, and those that can move now. */
let live: u64 = 0;
let enabled: u64 = 0;

/** A search begins: which task runs where. */
export function noteWhoRuns(): void {
  for (let cpu: u32 = 0; cpu < cpus; cpu++) store<u32>(runs + (cpu << 2), NOBODY);
  for (let task: u32 = 0; task < tasks; task++) store<u32>(runs + (get(taskAt(task) + Task.CPU) << 2), task);
}

/** Moves an agent of the state that `persistent` has looked at. */
export function stepKnown(agent: u32): void {
  stepNoted(agent, load<u32>(places + (agent << 2)));
}

/** Of the agents that can move, those that must be tried. */
export function persistent(mask: u64): u64 {
  enabled = mask;
  live = 0;
  let known = true;
  for (let task: u32 = 0; task < tasks; task++) {
    const place = placeOf(task);
    store<u32>(places + (task << 2), place);
    known = known && isKnown(place);
    if (get(taskAt(task) + Task.DONE) == 0) live |= bit(task);
  }
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    const agent = tasks + cpu;
    const asked = get(cpuAt(cpu) + Cpu.PENDING) != 0;
    store<u32>(places + (agent << 2), asked ? requestOf(cpu) : 0);
    known = known && isKnown(placeAt(agent));
    if (known && (asked || raisers(cpu) != 0)) live |= bit(agent);
  }
  return known && (mask & (mask - 1)) != 0 ? smallest(mask) : mask;
}

function bit(agent: u32): u64 {
  return (<u64>1) << agent;
}

function placeAt(agent: u32): u32 {
  return load<u32>(places + (agent << 2));
}

/** Whether `agent`, if `members` do not move first, may come to conflict with the step at `place`. */
function mayClash(place: u32, agent: u32, members: u64, number: u32): bool {
  if (agent < tasks) return conflict(place, placeAt(agent), number);
  const cpu = agent - tasks;
  for (let sender: u32 = 0; sender < cpus; sender++) {
    if (mayAsk(sender, cpu, members) && conflict(place, askedBy(cpu, sender), number)) return true;
  }
  return false;
}

/** Whether `sender` has asked for an interrupt of `cpu`, or may come to before a member moves. */
function mayAsk(sender: u32, cpu: u32, members: u64): bool {
  const word = cpuAt(cpu) + Cpu.PENDING;
  if (((get(word) | get(cpuAt(cpu) + Cpu.PENDING_ALL)) & (1 << sender)) != 0) return true;
  const task = load<u32>(runs + (sender << 2));
  return (live & ~members & bit(task)) != 0 && mayWrite(placeAt(task), word, 0);
}

/** Whether `agent`, if `members` do not move first, may come to write the word. */
function mayTouch(agent: u32, word: u32, members: u64, number: u32): bool {
  if (agent < tasks) return mayWrite(placeAt(agent), word, number);
  const cpu = agent - tasks;
  for (let sender: u32 = 0; sender < cpus; sender++) {
    if (mayWrite(askedBy(cpu, sender), word, number) && mayAsk(sender, cpu, members)) return true;
  }
  return false;
}

/** Live agents, without `agent`, that may come to write the word. */
function writersOf(word: u32, agent: u32): u64 {
  let found: u64 = 0;
  let rest = live & ~bit(agent);
  while (rest != 0) {
    const other = <u32>ctz(rest);
    rest &= rest - 1;
    if (mayTouch(other, word, 0, 0)) found |= bit(other);
  }
  return found;
}

/** Live tasks that may come to interrupt the CPU. */
function raisers(cpu: u32): u64 {
  let found: u64 = 0;
  for (let task: u32 = 0; task < tasks; task++) {
    const may = (live & bit(task)) != 0 && mayWrite(placeAt(task), cpuAt(cpu) + Cpu.PENDING, 0);
    if (may) found |= bit(task);
  }
  return found;
}

function smallest(mask: u64): u64 {
  let rest = mask;
  let best = mask;
  for (let agent: u32 = 0; agent < kernelAgents(); agent++) store<u64>(enemies + (agent << 3), 0);
  while (rest != 0) {
    const agent = <u32>ctz(rest);
    rest &= rest - 1;
    const found = closed(agent) & mask;
    if (found == mask || hasCyclic(found)) continue;
    if (popcnt(found) < popcnt(best)) best = found;
    if ((best & (best - 1)) == 0) return best;
  }
  return best;
}

function hasCyclic(agents: u64): bool {
  let rest = agents;
  while (rest != 0) {
    if (isCyclic(placeAt(<u32>ctz(rest)))) return true;
    rest &= rest - 1;
  }
  return false;
}

/** A small set with `agent` in it that is persistent. */
function closed(agent: u32): u64 {
  let members = bit(agent);
  let done: u64 = 0;
  while (true) {
    members = withFrozen(members);
    if ((members & enabled) == enabled) return members;
    const left = members & ~done;
    if (left == 0) return members;
    const member = <u32>ctz(left);
    done |= bit(member);
    members |= (enabled & bit(member)) != 0 ? enemiesOf(member, members) : liberators(member, members);
  }
}

/** With those who cannot move before a member does: they cost nothing, and the locks that they hold stay held. */
function withFrozen(from: u64): u64 {
  let members = from;
  let rest = live & ~enabled & ~members;
  while (rest != 0) {
    const agent = <u32>ctz(rest);
    rest &= rest - 1;
    if ((liberators(agent, members) & ~members) != 0) continue;
    members |= bit(agent);
    rest = live & ~enabled & ~members;
  }
  return members;
}

/** Live agents with whose future the next step of `agent` conflicts, as far as members leave it to them. */
function enemiesOf(agent: u32, members: u64): u64 {
  const place = placeAt(agent);
  let found: u64 = 0;
  let rest = worked(agent) & ~members;
  while (rest != 0) {
    const other = <u32>ctz(rest);
    rest &= rest - 1;
    if (other >= tasks && !mayClash(place, other, members, 0)) continue;
    if (!isCutOff(place, other, members)) found |= bit(other);
  }
  return found;
}

/** Live agents with whose future the next step of `agent` conflicts at all. Worked out once a state. */
function worked(agent: u32): u64 {
  const at = enemies + (agent << 3);
  let found = load<u64>(at);
  if (found == 0) {
    found = DONE;
    let rest = live & ~bit(agent);
    while (rest != 0) {
      const other = <u32>ctz(rest);
      rest &= rest - 1;
      if (mayClash(placeAt(agent), other, 0, 0)) found |= bit(other);
    }
    store<u64>(at, found);
  }
  return found & ~DONE;
}

/** A lock that a member holds keeps `other` from all that the step at `place` uses. */
function isCutOff(place: u32, other: u32, members: u64): bool {
  for (let number: u32 = 1; number <= lockCount; number++) {
    const holder = holderOf(lockWord(number));
    if (holder >= tasks || (members & bit(holder)) == 0) continue;
    if (!mayClash(place, other, members, number) && isKept(number, members)) return true;
  }
  return false;
}

/** Nobody but members takes or drops the lock without waiting for it. */
function isKept(number: u32, members: u64): bool {
  let rest = live & ~members;
  while (rest != 0) {
    const other = <u32>ctz(rest);
    rest &= rest - 1;
    if (mayTouch(other, lockWord(number), members, number)) return false;
  }
  return true;
}

/** Agents without which `agent` cannot come to move; none if one that it needs is a member already. */
function liberators(agent: u32, members: u64): u64 {
  if (agent >= tasks) return maskers(agent - tasks);
  const task = taskAt(agent);
  const word = get(task + Task.WAIT);
  const value = get(word);
  if (word == 0) return 0;
  if (word == cpuAt(get(task + Task.CPU)) + Cpu.AWAITED) return oneOf((<u64>value) << tasks, members);
  // The lock of an mm or a file is released by its holders only.
  if (word >= mmBase && word < vmaBase) return oneOf(<u64>(value & 0x7fffffff), members);
  return writersOf(word, agent);
}

function oneOf(needed: u64, members: u64): u64 {
  return (needed & members) != 0 ? 0 : needed & -needed;
}

/** An interrupt that nobody has asked for yet needs who may; one that is held off needs who turns interrupts on. */
function maskers(cpu: u32): u64 {
  if (get(cpuAt(cpu) + Cpu.PENDING) == 0) return raisers(cpu);
  return writersOf(cpuAt(cpu) + Cpu.IRQ_OFF, tasks + cpu);
}
