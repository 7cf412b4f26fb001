/**
 * Whether a step at one place can change places with everything that another agent may still do from its place on:
 * computed from what has been learned (places.ts).
 *
 * Only words count that two agents use and that not all of them just read, only set bits in, or only clear bits in. Of
 * these, each place has what its step uses, and what it and all places that follow may use.
 *
 * Invariants
 *   Q1  A place that can be reached from itself is cyclic: a run may pass it twice.
 */
import { Access } from "../word";
import { agentAt, edgeCount, edgeFrom, edgeTo, firstWord, mapBytes, mapOf, NOWHERE, placeCount } from "./places";

/** Numbers of the contended words, by their order; of each word, its place in that order + 1. */
let indexAt: u32 = 0;
let ownersAt: u32 = 0;
let kindsAt: u32 = 0;
/** What steps use, what futures use, `width` bytes a place; one byte a pair; one byte a place. */
let stepsAt: u32 = 0;
let futuresAt: u32 = 0;
let cyclicAt: u32 = 0;
let pairsAt: u32 = 0;
let width: u32 = 0;
let known: u32 = 0;
export let contended: u32 = 0;

const enum Pair {
  UNKNOWN,
  FREE,
  CONFLICT,
}

/** Bytes that the tables take for `places` places, pairs not counted. */
export function conflictsBytes(places: u32): u32 {
  return 6 * mapBytes + 2 * places * mapBytes + places + 64;
}

/** Works everything out anew, into memory from byte `at` on. */
export function conflictsStart(at: u32, places: u32): void {
  indexAt = at;
  ownersAt = indexAt + (mapBytes << 2);
  kindsAt = ownersAt + mapBytes;
  stepsAt = (kindsAt + mapBytes + 15) & ~15;
  futuresAt = stepsAt + places * mapBytes;
  cyclicAt = futuresAt + places * mapBytes;
  pairsAt = (cyclicAt + places + 15) & ~15;
  known = placeCount;
  findContended();
  narrow();
  spread();
  findCycles();
  memory.fill(pairsAt, <u8>Pair.UNKNOWN, known * known);
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
    const quiet = kind == Access.READ || kind == Access.SET || kind == Access.CLEAR;
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

/** What a place may come to use is what it uses and what the places after it may come to use. */
function spread(): void {
  memory.copy(futuresAt, stepsAt, known * width);
  let changed = true;
  while (changed) {
    changed = false;
    for (let edge = edgeCount; edge > 0; edge--) {
      const to = futuresAt + edgeFrom(edge - 1) * width;
      const from = futuresAt + edgeTo(edge - 1) * width;
      for (let i: u32 = 0; i < width; i += 8) {
        const had = load<u64>(to + i);
        const has = had | load<u64>(from + i);
        if (has == had) continue;
        store<u64>(to + i, has);
        changed = true;
      }
    }
  }
}

/** What is left when places without a successor, and places without a predecessor, are taken away again and again. */
function findCycles(): void {
  memory.fill(cyclicAt, 1, known);
  let more = true;
  while (more) {
    more = trim(true);
    more = trim(false) || more;
  }
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
  return place < known && place != NOWHERE;
}

/** Whether what `place` may come to do changes the word. */
export function mayWrite(place: u32, word: u32): bool {
  const index = load<u32>(indexAt + ((word - firstWord) << 2));
  return index != 0 && (load<u8>(futuresAt + place * width + index - 1) & ~(<u32>Access.READ)) != 0;
}

/** Whether the step at `place` conflicts with anything that may come from `other` on. */
export function conflict(place: u32, other: u32): bool {
  const at = pairsAt + place * known + other;
  const pair = <u32>load<u8>(at);
  if (pair != Pair.UNKNOWN) return pair == Pair.CONFLICT;
  const found = clash(stepsAt + place * width, futuresAt + other * width);
  store<u8>(at, found ? Pair.CONFLICT : Pair.FREE);
  return found;
}

const ONES: u64 = 0x0101010101010101;

function clash(a: u32, b: u32): bool {
  for (let i: u32 = 0; i < width; i += 8) {
    const x = load<u64>(a + i);
    if (x == 0) continue;
    const y = load<u64>(b + i);
    if (y == 0) continue;
    const xr = x & ONES;
    const yr = y & ONES;
    const xw = (x >> 1) & ONES;
    const yw = (y >> 1) & ONES;
    const xs = (x >> 2) & ONES;
    const ys = (y >> 2) & ONES;
    const xc = (x >> 3) & ONES;
    const yc = (y >> 3) & ONES;
    const all = (xw & (yr | yw | ys | yc)) | (yw & (xr | xs | xc));
    if ((all | (xr & (ys | yc)) | (yr & (xs | xc)) | (xs & yc) | (xc & ys)) != 0) return true;
  }
  return false;
}
