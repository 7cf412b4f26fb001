/**
 * Partial-order reduction: of the agents that can move, a persistent set is enough.
 *
 * A set of agents is persistent in a state when nothing that the others may do, until one of the set moves, conflicts
 * with the next step of any of its members that can move. What the others do can then come after that step as well,
 * and the schedules that begin with it tell everything: each step of each schedule is tried with the same past, so
 * the same violations are found, and every state in which nobody can move is reached.
 *
 * Protocol
 *   What steps use is learned (places.ts): from random runs first, then from the search itself. A search in which
 *   something new was learned is no proof, and is begun again with what is known now. The search that ends without
 *   news proves what it relied on: the first step of any schedule that used more than was known would itself have been
 *   tried, because everything before it kept to what was known (docs/search.md).
 *
 * Invariants
 *   A1  A member that cannot move stays so until a member moves: who could free it is a member (necessary enabling).
 *   A2  A place that a run may pass twice is never left by a member of a smaller set: on each cycle of the search some
 *       state tries everybody, and nobody is put off for ever.
 */
import { Run } from "../abi/layout";
import { Cpu } from "../abi/records";
import { Task } from "../abi/tasks";
import { isHeldAlone } from "../mm/locks";
import { enabledMask, kernelAgents, reset } from "../run";
import { cpuAt, cpus, get, logInto, mmBase, runWord, taskAt, tasks, vmaBase } from "../word";
import {
  conflict,
  conflictsBytes,
  conflictsStart,
  isCyclic,
  isKnown,
  lockCount,
  lockWord,
  mayWrite,
} from "./conflicts";
import {
  isForeign,
  news,
  overflown,
  PLACES_MAX,
  placeCount,
  placeOf,
  placesBytes,
  placesStart,
  stepNoted,
} from "./places";

/** Random runs to learn from: at least, and at most. */
const RUNS_MIN: u32 = 64;
const RUNS_MAX: u32 = 4096;

/** One bit of a mask says that it has been worked out. */
const AGENTS_MAX: u32 = 63;

/** Place of each agent in the state that is looked at; mask of agents that each one's next step conflicts with. */
const places = memory.data(64 * 4);
const enemies = memory.data(64 * 8);
let conflictsAt: u32 = 0;
/** Agents that may still come to move, and those that can move now. */
let live: u64 = 0;
let enabled: u64 = 0;
/** What was known when the search began. */
let relied: u32 = 0;
let usable: bool = false;

/** Bytes that the reduction needs, pairs of places included. */
export function reductionBytes(): u32 {
  return placesBytes() + conflictsBytes(PLACES_MAX) + 128;
}

/** Learns from random runs. The memory from byte `at` on is its own. */
export function learn(at: u32): void {
  placesStart(at);
  conflictsAt = (at + placesBytes() + 63) & ~63;
  logInto(0, 0, 0, 0);
  let seed: u64 = 0x2545f4914f6cdd1d;
  let last: u32 = 0;
  let quietSince: u32 = 0;
  for (let i: u32 = 0; i < RUNS_MAX && !overflown; i++) {
    seed = randomRun(seed, i & 3);
    if (news() != last) quietSince = i;
    last = news();
    if (i - quietSince >= max(RUNS_MIN, i >> 1)) break;
  }
}

function next(seed: u64): u64 {
  let x = seed;
  x ^= x << 13;
  x ^= x >> 7;
  return x ^ (x << 17);
}

/** One run; the larger `style`, the longer an agent stays on. */
function randomRun(from: u64, style: u32): u64 {
  reset();
  let seed = from;
  let agent: u32 = 0;
  const stay: u32 = style == 0 ? 0 : 256 - (256 >> (2 * style - 1));
  for (let step: u32 = 0; step < runWord(Run.STEPS_MAX) && step < 4096; step++) {
    const mask = enabledMask();
    if (mask == 0) break;
    seed = next(seed);
    const on = ((mask >> agent) & 1) != 0 && (<u32>(seed >> 20) & 255) < stay;
    if (!on) agent = pick(mask, <u32>(seed >> 32));
    stepNoted(agent, placeFor(agent));
  }
  return seed;
}

function pick(mask: u64, random: u32): u32 {
  let left = random % <u32>popcnt(mask);
  let rest = mask;
  while (left > 0) {
    rest &= rest - 1;
    left--;
  }
  return <u32>ctz(rest);
}

/** The interrupts' places are the first. */
function placeFor(agent: u32): u32 {
  return agent < tasks ? placeOf(agent) : agent - tasks;
}

/** A search begins: works out what may be left out. The machine stands at the initial state. */
export function relyOnWhatIsKnown(): void {
  for (let task: u32 = 0; task < tasks; task++) placeOf(task);
  usable = !overflown && !isForeign() && kernelAgents() < AGENTS_MAX;
  if (usable) usable = conflictsStart(conflictsAt, PLACES_MAX);
  relied = news();
}

/** Nothing has been learned since the search began. */
export function isProven(): bool {
  return !usable || news() == relied;
}

/** The reduction does something: what tasks do is known well enough. */
export function isUsable(): bool {
  return usable;
}

export function placesKnown(): u32 {
  return placeCount;
}

/** Moves an agent of the state that `persistent` has looked at. */
export function stepKnown(agent: u32): void {
  stepNoted(agent, load<u32>(places + (agent << 2)));
}

/** Of the agents that can move, those that must be tried. */
export function persistent(mask: u64): u64 {
  if (!usable) return mask;
  enabled = mask;
  live = 0;
  for (let task: u32 = 0; task < tasks; task++) {
    const place = placeOf(task);
    store<u32>(places + (task << 2), place);
    if (!isKnown(place)) return mask;
    if (get(taskAt(task) + Task.DONE) == 0) live |= (<u64>1) << task;
  }
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    store<u32>(places + ((tasks + cpu) << 2), cpu);
    if (get(cpuAt(cpu) + Cpu.PENDING) != 0 || raisers(cpu) != 0) live |= (<u64>1) << (tasks + cpu);
  }
  if ((mask & (mask - 1)) == 0) return mask;
  return smallest(mask);
}

/** Tasks that may come to interrupt the CPU. */
function raisers(cpu: u32): u64 {
  let found: u64 = 0;
  for (let task: u32 = 0; task < tasks; task++) {
    const may = ((live >> task) & 1) != 0 && mayWrite(load<u32>(places + (task << 2)), cpuAt(cpu) + Cpu.PENDING, 0);
    if (may) found |= (<u64>1) << task;
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
    if (isCyclic(load<u32>(places + ((<u32>ctz(rest)) << 2)))) return true;
    rest &= rest - 1;
  }
  return false;
}

/** The least set with `agent` in it that is persistent. */
function closed(agent: u32): u64 {
  let members = (<u64>1) << agent;
  let fresh = members;
  while (fresh != 0) {
    const member = <u32>ctz(fresh);
    fresh &= fresh - 1;
    const wanted = ((enabled >> member) & 1) != 0 ? enemiesOf(member) : liberators(member, members);
    fresh |= wanted & ~members;
    members |= wanted;
    if ((members & enabled) == enabled) return members;
  }
  return members;
}

/** Live agents with whose future the next step of `agent` conflicts. Bit 63 says that it has been worked out. */
function enemiesOf(agent: u32): u64 {
  const at = enemies + (agent << 3);
  let found = load<u64>(at);
  if (found == 0) {
    found = (<u64>1) << 63;
    const place = load<u32>(places + (agent << 2));
    for (let other: u32 = 0; other < kernelAgents(); other++) {
      if (other == agent || ((live >> other) & 1) == 0) continue;
      const its = load<u32>(places + (other << 2));
      if (conflict(place, its, 0) && !isCutOff(agent, place, its)) found |= (<u64>1) << other;
    }
    store<u64>(at, found);
  }
  return found & (((<u64>1) << 63) - 1);
}

/** A lock that `agent` holds keeps an agent at place `its` from all that its step conflicts with. */
function isCutOff(agent: u32, place: u32, its: u32): bool {
  if (agent >= tasks) return false;
  for (let number: u32 = 1; number <= lockCount; number++) {
    if (isHeldAlone(agent, lockWord(number)) && !conflict(place, its, number) && isKept(agent, number)) return true;
  }
  return false;
}

/** Nobody else takes or drops the lock without waiting for it. */
function isKept(agent: u32, number: u32): bool {
  for (let other: u32 = 0; other < kernelAgents(); other++) {
    if (other == agent || ((live >> other) & 1) == 0) continue;
    if (mayWrite(load<u32>(places + (other << 2)), lockWord(number), number)) return false;
  }
  return true;
}

/** Agents without which `agent` cannot come to move; none if one that it needs is a member already. */
function liberators(agent: u32, members: u64): u64 {
  if (agent >= tasks) return maskers(agent - tasks);
  const task = taskAt(agent);
  const word = get(task + Task.WAIT);
  if (word == 0) return 0;
  const value = get(word);
  if (word == cpuAt(get(task + Task.CPU)) + Cpu.AWAITED) return oneOf((<u64>value) << tasks, members);
  // The lock of an mm or a file is released by its holders only.
  if (word >= mmBase && word < vmaBase) return oneOf(<u64>(value & 0x7fffffff), members);
  return writersOf(word, agent);
}

function oneOf(needed: u64, members: u64): u64 {
  return (needed & members) != 0 ? 0 : needed & -needed;
}

function writersOf(word: u32, agent: u32): u64 {
  let found: u64 = 0;
  for (let other: u32 = 0; other < kernelAgents(); other++) {
    if (other == agent || ((live >> other) & 1) == 0) continue;
    if (mayWrite(load<u32>(places + (other << 2)), word, 0)) found |= (<u64>1) << other;
  }
  return found;
}

/** An interrupt that nobody has asked for yet needs who may; one that is held off needs who turns interrupts on. */
function maskers(cpu: u32): u64 {
  if (get(cpuAt(cpu) + Cpu.PENDING) == 0) return raisers(cpu);
  return writersOf(cpuAt(cpu) + Cpu.IRQ_OFF, tasks + cpu);
}
