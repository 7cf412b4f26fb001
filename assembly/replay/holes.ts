/**
 * The sweep's loop once events have come: with holes and epochs (sweep.ts, S1 and S2).
 */
import { HOLE, rows } from "./stacks";

export function careful(
  stacks: usize,
  epochs: usize,
  epoch: u32,
  mask: u32,
  hits: usize,
  k: usize,
  length: usize,
  out: usize,
): usize {
  const end = k + length;
  const hole = i32x4.splat(HOLE);
  while (k < end) {
    const q = load<u32>(k);
    const set = stacks + ((<usize>(q & mask)) << 6);
    const seen = epochs + ((<usize>(q & mask)) << 2);
    if (load<u32>(seen) != epoch) {
      store<u32>(seen, epoch);
      memory.fill(set, 255, 64);
    }
    const key = i32x4.splat(q);
    const a = v128.load(set);
    const b = v128.load(set, 16);
    const c = v128.load(set, 32);
    const d = v128.load(set, 48);
    const found =
      i32x4.bitmask(i32x4.eq(a, key)) |
      (i32x4.bitmask(i32x4.eq(b, key)) << 4) |
      (i32x4.bitmask(i32x4.eq(c, key)) << 8) |
      (i32x4.bitmask(i32x4.eq(d, key)) << 12);
    const holes =
      i32x4.bitmask(i32x4.eq(a, hole)) |
      (i32x4.bitmask(i32x4.eq(b, hole)) << 4) |
      (i32x4.bitmask(i32x4.eq(c, hole)) << 8) |
      (i32x4.bitmask(i32x4.eq(d, hole)) << 12);
    const position = <usize>ctz(found | 0x10000);
    const firstHole = <usize>ctz(holes | 0x10000);
    const row = rows + ((firstHole < position ? firstHole : position) << 6);
    v128.store(set, v128.bitselect(v128.shuffle<i32>(key, a, 3, 4, 5, 6), a, v128.load(row)));
    v128.store(set, v128.bitselect(v128.shuffle<i32>(a, b, 3, 4, 5, 6), b, v128.load(row, 16)), 16);
    v128.store(set, v128.bitselect(v128.shuffle<i32>(b, c, 3, 4, 5, 6), c, v128.load(row, 32)), 32);
    v128.store(set, v128.bitselect(v128.shuffle<i32>(c, d, 3, 4, 5, 6), d, v128.load(row, 48)), 48);
    if (firstHole < position && position < 16) store<u32>(set + (position << 2), HOLE);
    const hit = hits + (position << 3);
    store<u64>(hit, load<u64>(hit) + 1);
    store<u32>(out, q);
    out += (<usize>(position != 0)) << 2;
    k += 4;
  }
  return out;
}
