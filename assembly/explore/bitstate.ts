/**
 * Bitstate hashing: a state is three bits of a large array. It never fills up; it loses states instead, and says how
 * many it must be expected to have lost.
 *
 * A state that is new is taken for a known one when its three bits are set already, which happens with the cube of the
 * part of the array that is set. So at each state that was found new with chance 1 - p, p / (1 - p) others were lost.
 * What could only be reached through a lost state is lost too, and is not counted.
 */
import { mix } from "./hash";

/** Bits of an address within the array: 512 MiB at most. */
const MOST_BYTES: u32 = 1 << 29;

let first: u32 = 0;
let size: u64 = 0;
let set: u64 = 0;
let omitted: f64 = 0;

export function bitsStart(from: u32, bytes: u32): void {
  first = from;
  const used = min(bytes, MOST_BYTES) & ~7;
  size = (<u64>used) << 3;
  set = 0;
  omitted = 0;
  memory.fill(first, 0, used);
}

/** The array in words of 64 bits. */
export function bitWords(): u32 {
  return <u32>(size >> 6);
}

export function bitsOmitted(): f64 {
  return omitted;
}

function placeOf(hash: u32): u64 {
  return (<u64>hash * size) >> 32;
}

/** Brings one of the state's places nearer. */
export function bitsTouch(key: u64): u64 {
  return load<u8>(first + <u32>(placeOf(<u32>(key >> 32)) >> 3));
}

/** Sets a bit; 1 when it was not set. */
function mark(hash: u32): u32 {
  const place = placeOf(hash);
  const at = first + <u32>(place >> 3);
  const bit: u32 = 1 << (<u32>(place & 7));
  const old: u32 = load<u8>(at);
  store<u8>(at, old | bit);
  return (old & bit) == 0 ? 1 : 0;
}

/** Whether the state is new, as far as the array can tell; it is known from now on. */
export function visitBits(key: u64): bool {
  const other = mix(key);
  const fresh = mark(<u32>other) + mark(<u32>(other >> 32)) + mark(<u32>(key >> 32));
  if (fresh == 0) return false;
  const part = <f64>set / <f64>size;
  const chance = part * part * part;
  omitted += chance / (1 - chance);
  set += <u64>fresh;
  return true;
}
