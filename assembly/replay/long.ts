/**
 * Look-up and fill of LRU and FIFO sets of any length: fully associative structures, and levels of mixed page sizes.
 *
 * With mixed sizes the set of each reference was worked out before (classify.ts): `places` holds, beside each key, the
 * address of its set with the class in the low four bits. Without, `places` is 0 and all keys are of one class.
 */
import { Policy } from "../abi/replay";
import { Level, Place, placeOf } from "./level";
import { allocate } from "./memory";

/** Lanes 0..n moved, by n + 1: five rows. */
const front: usize = makeFront();

function makeFront(): usize {
  const rows = allocate(80);
  for (let r: usize = 0; r < 5; r++) {
    for (let lane: usize = 0; lane < 4; lane++) store<u32>(rows + (r << 4) + (lane << 2), lane < r ? 0xffffffff : 0);
  }
  return rows;
}

export function lookLong(level: usize, place: usize, places: usize, k: usize, end: usize, out: usize): usize {
  const vectors = load<u32>(level, Level.VECTORS);
  const stride = load<u32>(level, Level.STRIDE);
  const epoch = load<u32>(level, Level.EPOCH);
  const tail: usize = load<u32>(level, Level.FLAT) != 0 ? 0 : (<usize>vectors) << 4;
  const isFifo = load<u32>(level, Level.POLICY) == Policy.FIFO;
  while (k < end) {
    const q = load<u32>(k);
    let set: usize;
    if (places != 0) {
      const packed = <usize>load<u32>(places);
      set = packed & ~15;
      place = placeOf(level, <u32>packed & 15);
      places += 4;
    } else set = <usize>(load<u32>(place, Place.BASE) + (q & load<u32>(place, Place.MASK)) * stride);
    if (tail != 0 && load<u32>(set + tail) != epoch) {
      store<u32>(set + tail, epoch);
      memory.fill(set, 255, tail);
    }
    const isMiss = isFifo
      ? !holds(set, vectors, q) && moveToFront(set, q, load<u32>(place, Place.WAYS))
      : moveToFront(set, q, load<u32>(place, Place.WAYS));
    if (places != 0) store<u32>(place, load<u32>(place, Place.MISSES) + <u32>isMiss, Place.MISSES);
    store<u32>(out, q);
    out += (<usize>isMiss) << 2;
    k += 4;
  }
  return out;
}

function holds(set: usize, vectors: u32, q: u32): bool {
  const key = i32x4.splat(q);
  for (let v: u32 = 0; v < vectors; v++) {
    if (v128.any_true(i32x4.eq(v128.load(set + ((<usize>v) << 4)), key))) return true;
  }
  return false;
}

/** Puts `q` in front, the lanes before its old place one back; true if it was not there: then the last way is gone. */
function moveToFront(set: usize, q: u32, ways: u32): bool {
  const key = i32x4.splat(q);
  let before = key;
  while (ways > 0) {
    const keys = v128.load(set);
    const hit = i32x4.bitmask(i32x4.eq(keys, key));
    const moved = v128.shuffle<i32>(before, keys, 3, 4, 5, 6);
    const lanes: u32 = hit != 0 ? ctz(<u32>hit) + 1 : ways < 4 ? ways : 4;
    v128.store(set, v128.bitselect(moved, keys, v128.load(front + ((<usize>lanes) << 4))));
    if (hit != 0) return false;
    before = keys;
    set += 16;
    ways -= lanes;
  }
  return true;
}
