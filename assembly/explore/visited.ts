/**
 * The visited set: fingerprints of 64 bits, open addressing, growing a fifth at a time. When asked: of 128 bits, of 36
 * (compact: the four bits of the segment and the 32 that the place follows), or three bits of an array (bitstate.ts).
 *
 * A key's place is in order of its value, so a larger table is filled from the smaller one in one sweep: growing in
 * small steps keeps the load near its best and costs a few nanoseconds a key. The keys are parted by their first four
 * bits into segments that lie one after the other; a segment is moved through a scratch area of its own size.
 *
 * Keys of 64 bits have a home line of eight instead of a home slot: a line of the cache, compared as a whole. Asking
 * for one is then one line read and two jumps that mostly go the same way, wherever in the line it lies.
 *
 * Invariants
 *   V1  A key lies in its segment, at or after its home, round the segment's end, with no empty slot in between.
 *   V2  At most 82 of 100 slots are full while there is memory; 8 bytes / 0.82 to 8 / 0.68 a state.
 *   V3  A line is filled from its beginning.
 */

import { Store } from "../abi/search";
import { bitsOmitted, bitsStart, bitsTouch, bitWords, visitBits } from "./bitstate";

const SEGMENTS: u32 = 16;
const FIRST_SLOTS: u32 = 1024;
const LOAD: u32 = 82;
const LAST_LOAD: u32 = 95;
/** log2 of the keys of a line, and of its bytes. */
const LINE: u32 = 3;
const LINE_BYTES: u32 = 6;

let first: u32 = 0;
let scratch: u32 = 0;
/** Slots of a segment now, and the most that there is memory for. */
let slots: u32 = 0;
let slotsMax: u32 = 0;
/** log2 of the bytes of a slot. */
let shift: u32 = 3;
let bits: bool = false;
const counts = memory.data(16 * 4);
/** Keys above which a segment asks for more. */
let limit: u32 = 0;

function setSlots(count: u32): void {
  slots = count;
  limit = <u32>((<u64>count * (count == slotsMax ? LAST_LOAD : LOAD)) / 100);
}

/** An empty set in [from, from + bytes). */
export function visitedStart(from: u32, bytes: u32, how: u32): void {
  bits = how == Store.BITS;
  if (bits) {
    bitsStart(from, bytes);
    return;
  }
  shift = how == Store.WIDE ? 4 : how == Store.COMPACT ? 2 : 3;
  slotsMax = ((bytes / (SEGMENTS + 1)) >> shift) & ~((1 << LINE) - 1);
  scratch = from;
  first = from + (slotsMax << shift);
  setSlots(min(FIRST_SLOTS, slotsMax));
  memory.fill(counts, 0, SEGMENTS << 2);
  memory.fill(first, 0, (slots * SEGMENTS) << shift);
}

/** Slots; of an array of bits, its words of 64. */
export function visitedSlots(): u32 {
  return bits ? bitWords() : slots * SEGMENTS;
}

/**
 * Distinct states that are expected to have been taken for known ones. Compact: pairs of states that agree in 36 bits.
 * Whole fingerprints: next to nothing, the host prints the chance.
 */
export function visitedOmitted(): f64 {
  if (bits) return bitsOmitted();
  if (shift != 2) return 0;
  let known: f64 = 0;
  for (let i: u32 = 0; i < SEGMENTS; i++) known += <f64>load<u32>(counts + (i << 2));
  return (known * known) / 137438953472.0;
}

function homeOf(key: u64): u32 {
  return placeOf(<u32>(key >> 28));
}

function placeOf(part: u32): u32 {
  return <u32>((<u64>part * <u64>slots) >> 32);
}

/** Brings the key's place nearer, so that several can be on their way at once. */
export function visitedTouch(key: u64): u64 {
  if (bits) return bitsTouch(key);
  if (shift == 3) return load<u64>(lineOf(key));
  return load<u64>(first + ((<u32>(key >> 60) * slots + homeOf(key)) << shift));
}

/** First byte of the key's home line. */
function lineOf(key: u64): u32 {
  const lines = slots >> LINE;
  const home = <u32>((<u64>(<u32>(key >> 28)) * <u64>lines) >> 32);
  return first + ((<u32>(key >> 60) * lines + home) << LINE_BYTES);
}

export const enum Visit {
  KNOWN,
  NEW,
  /** There is no room for it. */
  FULL,
}

/** Adds a key of 64 bits. */
function visitLine(key: u64): u32 {
  const wanted = i64x2.splat(key);
  let line = lineOf(key);
  while (true) {
    const low = v128.or(i64x2.eq(v128.load(line), wanted), i64x2.eq(v128.load(line, 16), wanted));
    const high = v128.or(i64x2.eq(v128.load(line, 32), wanted), i64x2.eq(v128.load(line, 48), wanted));
    if (v128.any_true(v128.or(low, high))) return Visit.KNOWN;
    if (load<u64>(line, 56) == 0) break;
    line = lineAfter(line, key);
  }
  const count = counts + ((<u32>(key >> 60)) << 2);
  if (load<u32>(count) >= limit) return grow() ? visitLine(key) : <u32>Visit.FULL;
  store<u64>(line + (fullOf(line) << 3), key);
  store<u32>(count, load<u32>(count) + 1);
  return Visit.NEW;
}

/** The line after, round the end of the key's segment. */
function lineAfter(line: u32, key: u64): u32 {
  const from = first + ((<u32>(key >> 60) * slots) << 3);
  const next = line + (1 << LINE_BYTES);
  return next == from + (slots << 3) ? from : next;
}

/** Keys in a line that is not full. */
function fullOf(line: u32): u32 {
  const none = i64x2.splat(0);
  const low =
    i64x2.bitmask(i64x2.eq(v128.load(line), none)) | (i64x2.bitmask(i64x2.eq(v128.load(line, 16), none)) << 2);
  const high =
    i64x2.bitmask(i64x2.eq(v128.load(line, 32), none)) | (i64x2.bitmask(i64x2.eq(v128.load(line, 48), none)) << 2);
  return 8 - popcnt(low | (high << 4));
}

/** Adds a key (not 0); `second` is its other half when the set is wide. */
export function visit(key: u64, second: u64): u32 {
  if (shift == 3 && !bits) return visitLine(key);
  if (bits) return visitBits(key) ? Visit.NEW : Visit.KNOWN;
  if (shift == 2) return visitCompact(key);
  const segment = <u32>(key >> 60);
  const from = first + ((segment * slots) << shift);
  const end = from + (slots << shift);
  const step: u32 = 1 << shift;
  let at = from + (homeOf(key) << shift);
  let found = load<u64>(at);
  while (found != 0) {
    if (found == key && load<u64>(at + 8) == second) return Visit.KNOWN;
    at += step;
    if (at == end) at = from;
    found = load<u64>(at);
  }
  const count = load<u32>(counts + (segment << 2));
  if (count >= limit) {
    if (!grow()) return Visit.FULL;
    return visit(key, second);
  }
  store<u64>(at, key);
  store<u64>(at + 8, second);
  store<u32>(counts + (segment << 2), count + 1);
  return Visit.NEW;
}

/** The 32 bits that a key's place follows are all that is stored; an empty slot is 0. */
function compactOf(key: u64): u32 {
  return max(<u32>(key >> 28), 1);
}

function visitCompact(key: u64): u32 {
  const segment = <u32>(key >> 60);
  const from = first + ((segment * slots) << 2);
  const end = from + (slots << 2);
  const part = compactOf(key);
  let at = from + (placeOf(part) << 2);
  let found = load<u32>(at);
  while (found != 0) {
    if (found == part) return Visit.KNOWN;
    at += 4;
    if (at == end) at = from;
    found = load<u32>(at);
  }
  const count = load<u32>(counts + (segment << 2));
  if (count >= limit) return grow() ? visitCompact(key) : <u32>Visit.FULL;
  store<u32>(at, part);
  store<u32>(counts + (segment << 2), count + 1);
  return Visit.NEW;
}

/** A fifth more slots, whole lines; false when there is no memory for them. */
function grow(): bool {
  if (slots >= slotsMax) return false;
  const old = slots;
  setSlots(min(slotsMax, old < 1 << 14 ? old * 2 : (old + old / 5) & ~((1 << LINE) - 1)));
  let segment = SEGMENTS;
  while (segment > 0) {
    segment--;
    moveSegment(first + ((segment * old) << shift), old, first + ((segment * slots) << shift));
  }
  return true;
}

/** The segments after this one have moved away already: the new place is free, but for the old place itself. */
function moveSegment(from: u32, old: u32, to: u32): void {
  if (shift == 2) {
    moveCompact(from, old, to);
    return;
  }
  const step: u32 = 1 << shift;
  const end = from + (old << shift);
  let kept = scratch;
  for (let at = from; at < end; at += step) {
    const key = load<u64>(at);
    if (key == 0) continue;
    store<u64>(kept, key);
    if (step != 8) store<u64>(kept + 8, load<u64>(at + 8));
    kept += step;
  }
  memory.fill(to, 0, slots << shift);
  if (shift == 3) {
    for (let key = scratch; key < kept; key += step) putInLine(load<u64>(key));
    return;
  }
  const last = to + (slots << shift);
  for (let key = scratch; key < kept; key += step) {
    let at = to + (homeOf(load<u64>(key)) << shift);
    while (load<u64>(at) != 0) {
      at += step;
      if (at == last) at = to;
    }
    store<u64>(at, load<u64>(key));
    store<u64>(at + 8, load<u64>(key + 8));
  }
}

/** A key that is not there yet, of a segment that is being moved. */
function putInLine(key: u64): void {
  let line = lineOf(key);
  while (load<u64>(line, 56) != 0) line = lineAfter(line, key);
  store<u64>(line + (fullOf(line) << 3), key);
}

function moveCompact(from: u32, old: u32, to: u32): void {
  const end = from + (old << 2);
  let kept = scratch;
  for (let at = from; at < end; at += 4) {
    const part = load<u32>(at);
    if (part == 0) continue;
    store<u32>(kept, part);
    kept += 4;
  }
  memory.fill(to, 0, slots << 2);
  const last = to + (slots << 2);
  for (let part = scratch; part < kept; part += 4) {
    let at = to + (placeOf(load<u32>(part)) << 2);
    while (load<u32>(at) != 0) {
      at += 4;
      if (at == last) at = to;
    }
    store<u32>(at, load<u32>(part));
  }
}
