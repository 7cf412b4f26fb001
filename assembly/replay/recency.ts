/**
 * Look-up and fill of LRU and FIFO levels: the measured loops, one page size.
 *
 * Each loop takes keys [k, end), appends those that missed at `out` and gives the new end of `out`. A set is a vector
 * of keys in recency order (level.ts); the reference's key goes in front and the lanes before its old place move back.
 * There is no branch that depends on a hit, so the processor overlaps references to different sets.
 *
 * Why 32-bit keys and MTF vectors: measured against time stamps, order nibbles and byte ages, see docs/throughput.md.
 */
import { Policy } from "../abi/replay";
import { Level, Place, placeOf } from "./level";
import { lookLong } from "./long";
import { lookWays } from "./ways";

/** Runs keys of one class through a level. */
export function look(level: usize, cls: u32, k: usize, end: usize, out: usize): usize {
  const place = placeOf(level, cls);
  const base = <usize>load<u32>(place, Place.BASE);
  const mask = load<u32>(place, Place.MASK);
  const rows = <usize>load<u32>(place, Place.ROWS);
  const epoch = load<u32>(level, Level.EPOCH);
  if (load<u32>(level, Level.POLICY) > <u32>Policy.FIFO) return lookWays(level, place, 0, k, end, out);
  if (load<u32>(level, Level.FLAT) != 0) return look4(base, mask, rows, k, end, out);
  const vectors = load<u32>(level, Level.VECTORS);
  if (vectors == 2) return look8(base, mask, rows, epoch, k, end, out);
  if (vectors == 3) return look12(base, mask, rows, epoch, k, end, out);
  if (vectors == 4) return look16(base, mask, rows, epoch, k, end, out);
  return lookLong(level, place, 0, k, end, out);
}

function look4(base: usize, mask: u32, rows: usize, k: usize, end: usize, out: usize): usize {
  while (k < end) {
    const q = load<u32>(k);
    const set = base + ((<usize>(q & mask)) << 4);
    const keys = v128.load(set);
    const key = i32x4.splat(q);
    const hit = i32x4.bitmask(i32x4.eq(keys, key));
    v128.store(
      set,
      v128.bitselect(v128.shuffle<i32>(key, keys, 3, 4, 5, 6), keys, v128.load(rows + ((<usize>hit) << 4))),
    );
    store<u32>(out, q);
    out += (<usize>(hit == 0)) << 2;
    k += 4;
  }
  return out;
}

function look8(base: usize, mask: u32, rows: usize, epoch: u32, k: usize, end: usize, out: usize): usize {
  while (k < end) {
    const q = load<u32>(k);
    const set = base + <usize>((q & mask) * 48);
    if (load<u32>(set, 32) != epoch) {
      store<u32>(set, epoch, 32);
      v128.store(set, i32x4.splat(-1));
      v128.store(set, i32x4.splat(-1), 16);
    }
    const a = v128.load(set);
    const b = v128.load(set, 16);
    const key = i32x4.splat(q);
    const hit = i32x4.bitmask(i32x4.eq(a, key)) | (i32x4.bitmask(i32x4.eq(b, key)) << 4);
    const row = rows + ((<usize>ctz(hit | 0x100)) << 5);
    v128.store(set, v128.bitselect(v128.shuffle<i32>(key, a, 3, 4, 5, 6), a, v128.load(row)));
    v128.store(set, v128.bitselect(v128.shuffle<i32>(a, b, 3, 4, 5, 6), b, v128.load(row, 16)), 16);
    store<u32>(out, q);
    out += (<usize>(hit == 0)) << 2;
    k += 4;
  }
  return out;
}

function look12(base: usize, mask: u32, rows: usize, epoch: u32, k: usize, end: usize, out: usize): usize {
  while (k < end) {
    const q = load<u32>(k);
    const set = base + ((<usize>(q & mask)) << 6);
    if (load<u32>(set, 48) != epoch) {
      store<u32>(set, epoch, 48);
      v128.store(set, i32x4.splat(-1));
      v128.store(set, i32x4.splat(-1), 16);
      v128.store(set, i32x4.splat(-1), 32);
    }
    const a = v128.load(set);
    const b = v128.load(set, 16);
    const c = v128.load(set, 32);
    const key = i32x4.splat(q);
    const hit =
      i32x4.bitmask(i32x4.eq(a, key)) | (i32x4.bitmask(i32x4.eq(b, key)) << 4) | (i32x4.bitmask(i32x4.eq(c, key)) << 8);
    const row = rows + <usize>(ctz(hit | 0x1000) * 48);
    v128.store(set, v128.bitselect(v128.shuffle<i32>(key, a, 3, 4, 5, 6), a, v128.load(row)));
    v128.store(set, v128.bitselect(v128.shuffle<i32>(a, b, 3, 4, 5, 6), b, v128.load(row, 16)), 16);
    v128.store(set, v128.bitselect(v128.shuffle<i32>(b, c, 3, 4, 5, 6), c, v128.load(row, 32)), 32);
    store<u32>(out, q);
    out += (<usize>(hit == 0)) << 2;
    k += 4;
  }
  return out;
}

function look16(base: usize, mask: u32, rows: usize, epoch: u32, k: usize, end: usize, out: usize): usize {
  while (k < end) {
    const q = load<u32>(k);
    const set = base + <usize>((q & mask) * 80);
    if (load<u32>(set, 64) != epoch) {
      store<u32>(set, epoch, 64);
      v128.store(set, i32x4.splat(-1));
      v128.store(set, i32x4.splat(-1), 16);
      v128.store(set, i32x4.splat(-1), 32);
      v128.store(set, i32x4.splat(-1), 48);
    }
    const a = v128.load(set);
    const b = v128.load(set, 16);
    const c = v128.load(set, 32);
    const d = v128.load(set, 48);
    const key = i32x4.splat(q);
    const hit =
      i32x4.bitmask(i32x4.eq(a, key)) |
      (i32x4.bitmask(i32x4.eq(b, key)) << 4) |
      (i32x4.bitmask(i32x4.eq(c, key)) << 8) |
      (i32x4.bitmask(i32x4.eq(d, key)) << 12);
    const row = rows + ((<usize>ctz(hit | 0x10000)) << 6);
    v128.store(set, v128.bitselect(v128.shuffle<i32>(key, a, 3, 4, 5, 6), a, v128.load(row)));
    v128.store(set, v128.bitselect(v128.shuffle<i32>(a, b, 3, 4, 5, 6), b, v128.load(row, 16)), 16);
    v128.store(set, v128.bitselect(v128.shuffle<i32>(b, c, 3, 4, 5, 6), c, v128.load(row, 32)), 32);
    v128.store(set, v128.bitselect(v128.shuffle<i32>(c, d, 3, 4, 5, 6), d, v128.load(row, 48)), 48);
    store<u32>(out, q);
    out += (<usize>(hit == 0)) << 2;
    k += 4;
  }
  return out;
}
