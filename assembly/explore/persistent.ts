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
import { Op } from "../abi/ops";
import { Cpu } from "../abi/records";
import { Task } from "../abi/tasks";
import { setPendingIsCount } from "../mm/gather";
import { holderOf } from "../mm/locks";
import { enabledMask, kernelAgents, reset } from "../run";
import { codeBase, cpuAt, cpus, get, logInto, mmBase, runWord, scriptBase, taskAt, tasks, vmaBase } from "../word";
import {
  conflict,
  conflictsBytes,
  conflictsStart,
  isCyclic,
  isKnown,
  knownPlaces,
  lockCount,
  lockWord,
  mayWrite,
  signature,
} from "./conflicts";
import {
  askedBy,
  isForeign,
  news,
  overflown,
  PLACES_MAX,
  placeCount,
  placeOf,
  placesBytes,
  placesStart,
  requestOf,
  stepNoted,
} from "./places";

/** Random runs to learn from: at least, and at most. */
const RUNS_MIN: u32 = 64;
const RUNS_MAX: u32 = 2048;

/** One bit of a mask says that it has been worked out. */
const AGENTS_MAX: u32 = 63;
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
  setPendingIsCount(isPendingCount());
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

/** No line of the listings treats mm->tlb_flush_pending as a bool. */
function isPendingCount(): bool {
  for (let at = codeBase; at < scriptBase; at += 4) if (get(at) == <u32>Op.PENDING && get(at + 1) < 2) return false;
  return true;
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

function placeFor(agent: u32): u32 {
  return agent < tasks ? placeOf(agent) : requestOf(agent - tasks);
}

/** A search begins: works out what may be left out. The machine stands at the initial state. */
export function relyOnWhatIsKnown(): void {
  memory.fill(runs, 0, 64 * 4);
  for (let cpu: u32 = 0; cpu < cpus; cpu++) store<u32>(runs + (cpu << 2), NOBODY);
  for (let task: u32 = 0; task < tasks; task++) {
    placeOf(task);
    store<u32>(runs + (get(taskAt(task) + Task.CPU) << 2), task);
  }
  usable = !overflown && !isForeign() && kernelAgents() < AGENTS_MAX;
  if (usable) usable = conflictsStart(conflictsAt, PLACES_MAX);
  relied = news();
}

/**
 * Whether what has been learned since leaves all that was relied on as it was. It is relied on too from here on, unless
 * the answer is no.
 */
export function isConfirmed(): bool {
  const count = knownPlaces();
  const cuts = lockCount;
  const before = signature(count, cuts);
  usable = !overflown && !isForeign() && conflictsStart(conflictsAt, PLACES_MAX);
  relied = news();
  return usable && lockCount >= cuts && signature(count, cuts) == before;
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
