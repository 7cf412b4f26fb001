/**
 * Whether a step at one place can change places with everything that another agent may still do from its place on:
 * computed from what has been learned (places.ts).
 *
 * Only words count that two agents use and that not all of them just read, only set bits in, and so on. Of these, each
 * place has what its step uses, and what it and all places that follow may use (its future). A lock that somebody holds
 * for write cuts the futures of all others: what comes after waiting for it does not come before it is dropped. So
 * there is one set of futures for each lock, and one without.
 *
 * Invariants
 *   Q1  A place that can be reached from itself is cyclic: a run may pass it twice.
 */
import { Cpu, Rest } from "../abi/records";
import { Access, cpuAt, cpus, mmBase, restBase, tableBase, taskBase, tasks } from "../word";
import { closeUnder } from "./closure";
import { mix } from "./hash";
import { agentAt, edgeCount, edgeFrom, edgeTo, firstWord, mapBytes, mapOf, placeCount, waitAt } from "./places";

/** Numbers of the contended words, by their order; of each word, its place in that order + 1. */
let indexAt: u32 = 0;
let ownersAt: u32 = 0;
let kindsAt: u32 = 0;
/** What steps use, what futures use, `width` bytes a place; one byte a place. */
let cyclicAt: u32 = 0;
let stepsAt: u32 = 0;
let futuresAt: u32 = 0;
let width: u32 = 0;
let known: u32 = 0;
export let contended: u32 = 0;

/** Locks that tasks wait for, as words: futures of number 0 are without a lock, those of lock i have number i + 1. */
const LOCKS_MAX: u32 = 31;
const locks = memory.data(31 * 4);
export let lockCount: u32 = 0;
/** Bytes that futures may take: locks for which there is no room cut nothing. */
const FUTURES_BYTES: u32 = 48 << 20;

/** Answers that were worked out: key << 1 | conflict, where the key's number says. */
const ANSWERS: u32 = 1 << 22;
let answersAt: u32 = 0;

/** Bytes that the tables take for `places` places. */
export function conflictsBytes(places: u32): u32 {
  return 6 * mapBytes + places + 128 + (ANSWERS << 2) + places * mapBytes + FUTURES_BYTES;
}

/**
 * Works everything out anew, into memory from byte `at` on. False when there is no room. `alike`: the CPUs that are
 * interchangeable, a bit set.
 */
export function conflictsStart(at: u32, places: u32, alike: u32): bool {
  answersAt = at;
  indexAt = answersAt + (ANSWERS << 2);
  ownersAt = indexAt + (mapBytes << 2);
  kindsAt = ownersAt + mapBytes;
  cyclicAt = kindsAt + mapBytes;
  stepsAt = (cyclicAt + places + 15) & ~15;
  futuresAt = stepsAt + places * mapBytes;
  known = placeCount;
  closeUnder(alike, kindsAt);
  findContended();
  if (known * width > FUTURES_BYTES) return false;
  narrow();
  findLocks();
  for (let number: u32 = 0; number <= lockCount; number++) spread(number);
  findCycles();
  memory.fill(answersAt, 0, ANSWERS << 2);
  return true;
}

export function knownPlaces(): u32 {
  return known;
}

/** A hash of all that is said of the first `places` places, and of the first `cuts` locks. */
export function signature(places: u32, cuts: u32): u64 {
  let hash = foldBytes(1, indexAt, mapBytes << 2);
  hash = foldBytes(hash, stepsAt, places * width);
  for (let number: u32 = 0; number <= cuts; number++) hash = foldBytes(hash, futureOf(number, 0), places * width);
  for (let place: u32 = 0; place < places; place++) hash = mix(hash + <u64>load<u8>(cyclicAt + place));
  return hash;
}

function foldBytes(from: u64, at: u32, bytes: u32): u64 {
  let hash = from;
  for (let i: u32 = 0; i < bytes; i += 8) hash = (hash ^ load<u64>(at + i)) * 0x9e3779b97f4a7c15 + (hash >> 32);
  return mix(hash);
}

function findContended(): void {
  memory.fill(ownersAt, 0, mapBytes);
  memory.fill(kindsAt, 0, mapBytes);
  for (let place: u32 = 0; place < known; place++) {
    const agent = agentAt(place) + 1;
    const map = mapOf(place);
    for (let i: u32 = 0; i < mapBytes; i++) {
      const kind = <u32>load<u8>(map + i);
      if (kind == 0) continue;
      const owner = <u32>load<u8>(ownersAt + i);
      // 0xff: more than one.
      if (owner != agent) store<u8>(ownersAt + i, owner == 0 ? agent : 0xff);
      store<u8>(kindsAt + i, load<u8>(kindsAt + i) | kind);
    }
  }
  contended = 0;
  for (let i: u32 = 0; i < mapBytes; i++) {
    const kind = <u32>load<u8>(kindsAt + i);
    // Of one kind only, and not writes: they can change places.
    const quiet = kind != Access.WRITE && (kind & (kind - 1)) == 0;
    const isContended = load<u8>(ownersAt + i) == 0xff && !quiet;
    store<u32>(indexAt + (i << 2), isContended ? ++contended : 0);
  }
  width = (contended + 15) & ~15;
}

function narrow(): void {
  memory.fill(stepsAt, 0, known * width);
  for (let i: u32 = 0; i < mapBytes; i++) {
    const index = load<u32>(indexAt + (i << 2));
    if (index == 0) continue;
    for (let place: u32 = 0; place < known; place++) {
      store<u8>(stepsAt + place * width + index - 1, load<u8>(mapOf(place) + i));
    }
  }
}

/** A word that is a lock: of an mm, a file, a VMA, or a frame. */
function isLock(word: u32): bool {
  if (word >= mmBase && word < taskBase) return true;
  return word >= restBase && word < tableBase && (word - restBase) % Rest.WORDS == Rest.LOCK;
}

function findLocks(): void {
  lockCount = 0;
  const room = FUTURES_BYTES / max(1, known * width) - 1;
  for (let place: u32 = 0; place < known && lockCount < min(LOCKS_MAX, room); place++) {
    const word = waitAt(place);
    if (isLock(word) && numberOf(word) == 0) store<u32>(locks + (lockCount++ << 2), word);
  }
}

export function lockWord(number: u32): u32 {
  return load<u32>(locks + ((number - 1) << 2));
}

function numberOf(word: u32): u32 {
  for (let i: u32 = 0; i < lockCount; i++) if (load<u32>(locks + (i << 2)) == word) return i + 1;
  return 0;
}

function futureOf(number: u32, place: u32): u32 {
  return futuresAt + (number * known + place) * width;
}

/** What a place may come to use is what it uses and what the places after it may come to use. */
function spread(number: u32): void {
  const cut = number == 0 ? 0xffffffff : lockWord(number);
  memory.copy(futureOf(number, 0), stepsAt, known * width);
  for (let place: u32 = 0; place < known; place++) {
    if (waitAt(place) == cut) memory.fill(futureOf(number, place), 0, width);
  }
  let changed = true;
  while (changed) {
    changed = false;
    for (let edge = edgeCount; edge > 0; edge--) {
      if (waitAt(edgeFrom(edge - 1)) == cut) continue;
      if (take(futureOf(number, edgeFrom(edge - 1)), futureOf(number, edgeTo(edge - 1)))) changed = true;
    }
  }
}

function take(to: u32, from: u32): bool {
  let changed = false;
  for (let i: u32 = 0; i < width; i += 8) {
    const had = load<u64>(to + i);
    const has = had | load<u64>(from + i);
    if (has == had) continue;
    store<u64>(to + i, has);
    changed = true;
  }
  return changed;
}

/**
 * What is left when places without a successor, and places without a predecessor, are taken away again and again. An
 * interrupt answers its request, and may come twice only when a task asks twice; one that asked others itself counts
 * as cyclic.
 */
function findCycles(): void {
  memory.fill(cyclicAt, 1, known);
  let more = true;
  while (more) {
    more = trim(true);
    more = trim(false) || more;
  }
  for (let place: u32 = 0; place < known; place++) {
    if (agentAt(place) >= tasks && asksOthers(place)) store<u8>(cyclicAt + place, 1);
  }
}

function asksOthers(place: u32): bool {
  for (let other: u32 = 0; other < cpus; other++) {
    if (other != agentAt(place) - tasks && mayWrite(place, cpuAt(other) + Cpu.PENDING, 0)) return true;
  }
  return false;
}

const MARK: u32 = 2;

function trim(bySuccessor: bool): bool {
  for (let edge: u32 = 0; edge < edgeCount; edge++) {
    const from = cyclicAt + edgeFrom(edge);
    const to = cyclicAt + edgeTo(edge);
    if (load<u8>(from) == 0 || load<u8>(to) == 0) continue;
    const kept = bySuccessor ? from : to;
    store<u8>(kept, load<u8>(kept) | MARK);
  }
  let trimmed = false;
  for (let place: u32 = 0; place < known; place++) {
    const flag = <u32>load<u8>(cyclicAt + place);
    if (flag == 1) trimmed = true;
    store<u8>(cyclicAt + place, (flag & MARK) != 0 ? 1 : 0);
  }
  return trimmed;
}

export function isCyclic(place: u32): bool {
  return place >= known || load<u8>(cyclicAt + place) != 0;
}

/** Whether the place was known when this was worked out. */
export function isKnown(place: u32): bool {
  return place < known;
}

/** Whether what `place` may come to do, cut by lock `number`, changes the word. */
export function mayWrite(place: u32, word: u32, number: u32): bool {
  const index = load<u32>(indexAt + ((word - firstWord) << 2));
  return index != 0 && (load<u8>(futureOf(number, place) + index - 1) & ~(<u32>Access.READ)) != 0;
}

/** Whether the step at `place` conflicts with anything that may come from `other` on, cut by lock `number`. */
export function conflict(place: u32, other: u32, number: u32): bool {
  const key = (number << 26) | (place << 13) | other;
  const at = answersAt + (((key * 0x9e3779b1) >> 10) << 2);
  const answer = load<u32>(at);
  if (answer != 0 && answer >> 1 == key) return (answer & 1) != 0;
  const found = clash(stepsAt + place * width, futureOf(number, other));
  store<u32>(at, (key << 1) | (found ? 1 : 0));
  return found;
}

const LOW: u64 = 0x0101010101010101;

/** Eight words at a time: both use the word, and one writes it, or their uses are not of one kind. */
function clash(a: u32, b: u32): bool {
  for (let i: u32 = 0; i < width; i += 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    if (x == 0 || y == 0) continue;
    const both = (x + 0x7f * LOW) & (y + 0x7f * LOW) & (0x80 * LOW);
    const used = x | y;
    const several = used & ((used | (0x80 * LOW)) - LOW);
    if (((several | (used & (<u64>Access.WRITE * LOW))) & (both - (both >> 7))) != 0) return true;
  }
  return false;
}
