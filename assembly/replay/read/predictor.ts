/**
 * What comes next: the predictor that the writer and the reader of the compact form run in step.
 *
 * Protocol
 *   The context of a record is the last fetched instruction and how many accesses came since; in a trace without
 *   fetches (or after NEAR_MAX accesses) it is the last two accessed addresses. A context has one slot, and slots may
 *   collide.
 *   A near slot predicts the next record's type and size, and its address by a stride; a far slot predicts all of it.
 *
 * Slot, 32 bytes
 *    0  expected u64: a fetch as a whole; an access in a near slot without its address, in a far slot as a whole
 *    8  other u64: what was expected before
 *   16  last u64: the last address that was accessed in this context (near only); 0 is none
 *   24  stride, 48 bits (near only); above it, when a fetch is expected, the number of the slot after it: so that a
 *       reader which is right goes from fetch to fetch by one load, and does not wait for a multiplication
 *
 * Reference: the stride and context predictors of VPC and TCgen (Burtscher); docs/traces.md has the exact rules.
 */
import { ReadWord } from "../../abi/read";
import { ADDRESS_MASK, long, setLong, setWord, word } from "./arena";

export const NEAR_MAX: u32 = 8;
/** Slots: 2^15, by byte offset. */
const SLOT_SHIFT: u64 = 64 - 15;
const OFFSET_MASK: usize = (1 << 20) - 32;
/** From the slot of an access to that of the next one after the same fetch. */
const STEP: usize = 32 * 20507;
const BY_PLACE: u64 = 0x9e3779b97f4a7c15;
const BY_COUNT: u64 = 0xc2b2ae3d27d4eb4f;
const FAR: u64 = 99;

export const OTHER: usize = 8;
export const LAST: usize = 16;
export const STRIDE: usize = 24;
const AFTER: usize = 30;

/** Literals in the control stream: the low three bits. */
export const enum Kind {
  /** A fetch: `other`. */
  OTHER_FETCH = 0,
  /** A fetch: size byte, then the distance from the last fetch. */
  NEW_FETCH = 1,
  /** An access with the expected type and size: the distance. */
  ADDRESS = 2,
  /** An access with type and size of `other` (near only): the distance. */
  OTHER_ACCESS = 3,
  /** An access: type byte, size byte, the distance. */
  NEW_ACCESS = 4,
  /** An access: `other`, address and all (far only). */
  OTHER_WHOLE = 5,
}

/** Byte offset of the slot behind a fetch. */
export function home(pc: u64): usize {
  return (<usize>((pc * BY_PLACE) >>> SLOT_SHIFT)) << 5;
}

/** home() of the fetch that the slot expects. */
export function homeAfter(slot: usize): usize {
  return (<usize>load<u16>(slot, AFTER)) << 5;
}

/** Byte offset of the slot behind the access whose slot is at `offset`. */
export function nextSlot(offset: usize): usize {
  return (offset + STEP) & OFFSET_MASK;
}

/** Byte offset of the slot of a near context. */
export function nearSlot(pc: u64, since: u32): usize {
  return (home(pc) + <usize>since * STEP) & OFFSET_MASK;
}

/** Byte offset of the slot of a far context. */
export function farSlot(last: u64, before: u64): usize {
  return (<usize>(((last * 31 + before) * BY_PLACE + FAR * BY_COUNT) >>> SLOT_SHIFT)) << 5;
}

/** After a wrong prediction: `now` is expected next time. */
export function expect(slot: usize, now: u64): void {
  const expected = load<u64>(slot);
  if (expected == now) return;
  store<u64>(slot, expected, OTHER);
  store<u64>(slot, now);
  if (now >>> 56 == 0) store<u16>(slot, <u16>(home(now & ADDRESS_MASK) >>> 5), AFTER);
}

/** After a wrong prediction in a near context: the address was `address`. */
export function learn(slot: usize, address: u64): void {
  const last = load<u64>(slot, LAST);
  const stride: u64 = last == 0 ? 0 : address - last;
  store<u32>(slot, <u32>stride, STRIDE);
  store<u16>(slot, <u16>(stride >>> 32), STRIDE + 4);
  store<u64>(slot, address, LAST);
}

/** Signed distance on the circle of 48 bits, folded so that short ones are small. */
export function fold(distance: u64): u64 {
  const signed = <i64>(distance << 16) >> 16;
  return ((<u64>signed) << 1) ^ <u64>(signed >> 63);
}

export function unfold(folded: u64): u64 {
  return (folded >>> 1) ^ (0 - (folded & 1));
}

/** Between two blocks the context rests in the state words. */
export function saveContext(arena: usize, pc: u64, since: u32, last: u64, before: u64): void {
  setLong(arena, ReadWord.PC, pc);
  setWord(arena, ReadWord.SINCE, since);
  setLong(arena, ReadWord.LAST, last);
  setLong(arena, ReadWord.BEFORE, before);
}

export function savedPc(arena: usize): u64 {
  return long(arena, ReadWord.PC);
}

export function savedSince(arena: usize): u32 {
  return word(arena, ReadWord.SINCE);
}

export function savedLast(arena: usize): u64 {
  return long(arena, ReadWord.LAST);
}

export function savedBefore(arena: usize): u64 {
  return long(arena, ReadWord.BEFORE);
}
