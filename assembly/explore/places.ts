/**
 * What steps use, learned from the steps themselves: for each place of a task, and for each CPU's flush interrupt, the
 * words and cells that its step reads and writes, and the places that it leads to.
 *
 * A place is all that a task has to itself: its record and its gather. Nobody else writes them (`isForeign` looks): a
 * task's place changes by its own steps only. Two tasks' places are never the same, even when they are at one line.
 *
 * Protocol
 *   `placesStart`, then steps of any run through `stepNoted`. What is new is added to the maps and counted in
 *   `news()`: who has decided anything by the maps looks whether it has changed since.
 *
 * Invariants
 *   P1  The map of a place says everything that its steps were ever seen to use, the word waited for included.
 */
import { Base } from "../abi/layout";
import { Cpu } from "../abi/records";
import { Task } from "../abi/tasks";
import { cellCount } from "../ghost/cells";
import { moveAgent } from "../run";
import { Access, base, cpuAt, cpus, gatherOf, gatherWords, get, note, noteInto, noticed, taskAt, tasks } from "../word";
import { mix } from "./hash";

export const PLACES_MAX: u32 = 8192;
const EDGES_MAX: u32 = 1 << 16;
const SLOTS: u32 = 1 << 15;
const EDGE_SLOTS: u32 = 1 << 18;
/** No place: there was no room for it. */
export const NOWHERE: u32 = 0xffffffff;

/**
 * Hash table of places: keys (64 bits), numbers; agent of each place, and word that it waits for; edges (from, to); the
 * set of edges; maps.
 */
let keysAt: u32 = 0;
let numbersAt: u32 = 0;
let agentsAt: u32 = 0;
let waitsAt: u32 = 0;
/** Of an interrupt's place, a hash of what it was asked: the same for all CPUs that are asked the same. */
let orbitsAt: u32 = 0;
let edgesAt: u32 = 0;
let edgeSetAt: u32 = 0;
let mapsAt: u32 = 0;
export let mapBytes: u32 = 0;
/** First word that is noted, and how many are; the cells follow. */
export let firstWord: u32 = 0;
export let wordCount: u32 = 0;
export let placeCount: u32 = 0;
export let edgeCount: u32 = 0;
let changes: u32 = 0;
/** There were more places or edges than there is room for. */
export let overflown: bool = false;

/** Bytes that the tables take. */
export function placesBytes(): u32 {
  measure();
  return (SLOTS << 3) + (SLOTS << 2) + (PLACES_MAX << 4) + (EDGES_MAX << 3) + (EDGE_SLOTS << 2) + PLACES_MAX * mapBytes;
}

function measure(): void {
  firstWord = base(Base.HASHED);
  wordCount = base(Base.OBLIGATION) - firstWord;
  mapBytes = (wordCount + cellCount() + 15) & ~15;
}

/** Forgets everything; the tables lie from byte `at` on. */
export function placesStart(at: u32): void {
  measure();
  keysAt = at;
  numbersAt = keysAt + (SLOTS << 3);
  agentsAt = numbersAt + (SLOTS << 2);
  waitsAt = agentsAt + (PLACES_MAX << 2);
  orbitsAt = waitsAt + (PLACES_MAX << 2);
  edgesAt = orbitsAt + (PLACES_MAX << 3);
  edgeSetAt = edgesAt + (EDGES_MAX << 3);
  mapsAt = edgeSetAt + (EDGE_SLOTS << 2);
  memory.fill(keysAt, 0, SLOTS << 3);
  memory.fill(edgeSetAt, 0, EDGE_SLOTS << 2);
  placeCount = 0;
  edgeCount = 0;
  overflown = false;
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    for (let sender: u32 = 0; sender < cpus; sender++) {
      const place = add(tasks + cpu, 0);
      noteAt(place, cpuAt(cpu) + Cpu.PENDING, 1);
      noteAt(place, cpuAt(cpu) + Cpu.IRQ_OFF, 1);
    }
  }
}

/** Grows with everything that is learned. */
export function news(): u32 {
  return changes + noticed;
}

export function mapOf(place: u32): u32 {
  return mapsAt + place * mapBytes;
}

export function agentAt(place: u32): u32 {
  return load<u32>(agentsAt + (place << 2));
}

export function orbitOf(place: u32): u64 {
  return load<u64>(orbitsAt + (place << 3));
}

export function edgeFrom(edge: u32): u32 {
  return load<u32>(edgesAt + (edge << 3));
}

export function edgeTo(edge: u32): u32 {
  return load<u32>(edgesAt + (edge << 3) + 4);
}

/** Word that a task at the place waits for, 0 when it does not wait. */
export function waitAt(place: u32): u32 {
  return load<u32>(waitsAt + (place << 2));
}

function add(agent: u32, wait: u32): u32 {
  const place = placeCount++;
  store<u32>(waitsAt + (place << 2), wait);
  store<u32>(agentsAt + (place << 2), agent);
  store<u64>(orbitsAt + (place << 3), 0);
  memory.fill(mapOf(place), 0, mapBytes);
  changes++;
  return place;
}

/** Notes that a step there reads words: what makes the place, and what is waited for. */
function noteAt(place: u32, word: u32, words: u32): void {
  noteInto(mapOf(place), firstWord, wordCount);
  for (let i: u32 = 0; i < words; i++) note(word + i, Access.READ);
  noteInto(0, 0, 0);
}

const M1: u64 = 0x9e3779b97f4a7c15;
const M2: u64 = 0xd6e8feb86659fd93;

function fold(hash: u64, word: u32, words: u32): u64 {
  let a = hash;
  let b = ~hash;
  let at = word << 2;
  const end = (word + words) << 2;
  while (at + 16 <= end) {
    a = (a ^ load<u64>(at)) * M1;
    b = (b ^ load<u64>(at, 8)) * M2;
    at += 16;
  }
  while (at < end) {
    a = (a ^ <u64>load<u32>(at)) * M1;
    at += 4;
  }
  return mix(a) + mix(b);
}

/** Number of the place with this key and agent; a new one when it has not been seen. */
function numberOf(key: u64, agent: u32, wait: u32): u32 {
  let slot = <u32>(key >> 20) & (SLOTS - 1);
  while (true) {
    const known = load<u64>(keysAt + (slot << 3));
    if (known == key) return load<u32>(numbersAt + (slot << 2));
    if (known == 0) break;
    slot = (slot + 1) & (SLOTS - 1);
  }
  if (placeCount == PLACES_MAX) {
    overflown = true;
    return NOWHERE;
  }
  store<u64>(keysAt + (slot << 3), key);
  store<u32>(numbersAt + (slot << 2), placeCount);
  return add(agent, wait);
}

/** What an interrupt of `cpu` that `sender` asks for may come to do: where that future starts. */
export function askedBy(cpu: u32, sender: u32): u32 {
  return cpu * cpus + sender;
}

/** Who asked for the interrupt of `cpu` that comes next: handleIpi's choice. */
export function senderOf(cpu: u32): u32 {
  const all = get(cpuAt(cpu) + Cpu.PENDING_ALL);
  return <u32>ctz(all != 0 ? all : get(cpuAt(cpu) + Cpu.PENDING));
}

/**
 * Place of a flush interrupt that waits: what it was asked, and what its CPU runs. Others can change that, so its step
 * counts as reading it.
 */
export function requestOf(cpu: u32): u32 {
  const self = cpuAt(cpu);
  const sender = senderOf(cpu);
  const request = cpuAt(sender) + Cpu.REQUEST_MM;
  const words: u32 = Cpu.REQUEST_TABLES - Cpu.REQUEST_MM + 1;
  let asked = fold(fold(1, request, words), self + Cpu.LOADED_MM, 2);
  asked = fold(fold(asked, self + Cpu.PENDING, 1), self + Cpu.PENDING_ALL, 1);
  const known = placeCount;
  const place = numberOf(mix(asked + tasks + cpu) | 1, tasks + cpu, 0);
  if (place != known) return place;
  store<u64>(orbitsAt + (place << 3), asked);
  noteAt(place, request, words);
  noteAt(place, self + Cpu.LOADED_MM, 2);
  noteAt(place, self + Cpu.PENDING, 1);
  noteAt(place, self + Cpu.PENDING_ALL, 1);
  join(askedBy(cpu, sender), place);
  return place;
}

/** Number of the place where the task is. What a load saw (VALUE) is left out. */
export function placeOf(task: u32): u32 {
  const record = taskAt(task);
  let key = fold(task + 1, record, Task.VALUE);
  key = fold(key, record + Task.VALUE + 1, Task.WORDS - Task.VALUE - 1);
  key = fold(key, gatherOf(record), gatherWords) | 1;
  const wait = get(record + Task.WAIT);
  const known = placeCount;
  const place = numberOf(key, task, wait);
  if (place == known) noteAt(place, wait, 1);
  return place;
}

function join(from: u32, to: u32): void {
  const key = ((from << 16) | to) + 1;
  let slot = ((key * 0x9e3779b1) >> 12) & (EDGE_SLOTS - 1);
  while (true) {
    const known = load<u32>(edgeSetAt + (slot << 2));
    if (known == key) return;
    if (known == 0) break;
    slot = (slot + 1) & (EDGE_SLOTS - 1);
  }
  if (edgeCount == EDGES_MAX) {
    overflown = true;
    return;
  }
  store<u32>(edgeSetAt + (slot << 2), key);
  store<u32>(edgesAt + (edgeCount << 3), from);
  store<u32>(edgesAt + (edgeCount << 3) + 4, to);
  edgeCount++;
  changes++;
}

/** One step of an agent that is at `place`: what it uses is noted, and where it leads. */
export function stepNoted(agent: u32, place: u32): void {
  if (place == NOWHERE) {
    moveAgent(agent);
    return;
  }
  noteInto(mapOf(place), firstWord, wordCount);
  moveAgent(agent);
  noteInto(0, 0, 0);
  if (agent >= tasks) return;
  const to = placeOf(agent);
  if (to != NOWHERE) join(place, to);
}

/** Whether somebody was seen to write what makes another task's place. */
export function isForeign(): bool {
  for (let place: u32 = 0; place < placeCount; place++) {
    for (let task: u32 = 0; task < tasks; task++) {
      if (agentAt(place) == task) continue;
      if (writes(place, taskAt(task), Task.WORDS) || writes(place, gatherOf(taskAt(task)), gatherWords)) return true;
    }
  }
  return false;
}

function writes(place: u32, word: u32, words: u32): bool {
  const first = mapOf(place) + word - firstWord;
  for (let i: u32 = 0; i < words; i++) {
    if ((load<u8>(first + i) & ~(<u32>Access.READ)) != 0) return true;
  }
  return false;
}
