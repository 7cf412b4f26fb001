/**
 * Records to page keys, for a simulation with one page size: the measured loop that every access goes through.
 *
 * Four records at a time: their low and high words are gathered into two vectors, the key bases of the regions are
 * selected by comparison with the four regions used last, and keys that repeat their predecessor are squeezed out by a
 * byte shuffle. A group takes the slow way when a record in it straddles pages, is an event, is of a type that is not
 * wanted, or lies in a region that is not among the four.
 *
 * Squeezing out is exact: a reference to the page of the reference before it changes nothing (filter.ts).
 */
import { Count, RecordType } from "../abi/replay";
import { BATCH, CpuField, counted } from "./cpu";
import { allocate } from "./memory";
import { regionOf } from "./spaces";

/** Byte shuffles that squeeze out lanes, by the mask of those to keep. */
const squeezes: usize = makeSqueezes();
/** The four regions used last: address bits 32..47, then key bases. */
const recent: usize = allocate(32);
let nextRecent: usize = 0;

/** Types of accesses that count, as a mask. */
let wanted: u32 = (1 << RecordType.LOAD) | (1 << RecordType.STORE) | (1 << RecordType.MODIFY);
/** The trace has fetches, and they do not count. */
export let fetchesSeen: bool = false;
/** 255, or 0 when an access is a reference to the page of its first byte only. */
let sizeMask: u32 = 255;

function makeSqueezes(): usize {
  const rows = allocate(256);
  for (let keep: u32 = 0; keep < 16; keep++) {
    let to: u32 = 0;
    for (let lane: u32 = 0; lane < 4; lane++) {
      if ((keep & (1 << lane)) == 0) continue;
      store<u32>(rows + ((<usize>(keep * 4 + to)) << 2), lane * 0x04040404 + 0x03020100);
      to++;
    }
  }
  return rows;
}

export function setWanted(types: u32, firstByteOnly: u32): void {
  wanted = types;
  sizeMask = firstByteOnly != 0 ? 0 : 255;
}

export function wantedTypes(): u32 {
  return wanted;
}

/** Bytes of an access beyond its first. */
export function extraOf(record: u64): u64 {
  const size = <u32>(record >> 48) & sizeMask;
  return size != 0 ? <u64>(size - 1) : 0;
}

/** The regions used last belong to another ASID now. */
export function forgetRegions(): void {
  memory.fill(recent, 255, 16);
  memory.fill(recent + 16, 0, 16);
}

/** Key base of a region, remembered among the last four. */
function baseOf(space: usize, high: u32): u32 {
  const base = regionOf(space, high);
  const at = recent + ((nextRecent++ & 3) << 2);
  store<u32>(at, high);
  store<u32>(at, base, 16);
  return base;
}

let stoppedAt: usize = 0;

/** First record that `front` did not take: the end of the records, an event, or where the queue was full. */
export function frontStop(): usize {
  return stoppedAt;
}

/** Takes records [r, end) for a CPU until its queue is full. `size` is the page size of everything. */
export function front(cpu: usize, space: usize, size: u32, r: usize, end: usize): void {
  const queue = <usize>load<u32>(cpu, CpuField.QUEUE);
  const full = queue + (BATCH << 2);
  let out = queue + ((<usize>load<u32>(cpu, CpuField.QUEUED)) << 2);
  const from = r;
  let skipped: usize = 0;
  const shift = 9 * size;
  const pageMask = i32x4.splat((1 << (12 + shift)) - 1);
  const sizes = i32x4.splat(sizeMask);
  const pageEnd = i32x4.add(pageMask, i32x4.splat(1));
  const none = i32x4.splat(0);
  const isPlain = (wanted & 14) == 14;
  while (r < end && out < full) {
    const high0 = v128.load32_splat(recent);
    const high1 = v128.load32_splat(recent, 4);
    const high2 = v128.load32_splat(recent, 8);
    const high3 = v128.load32_splat(recent, 12);
    const base0 = v128.load32_splat(recent, 16);
    const base1 = v128.load32_splat(recent, 20);
    const base2 = v128.load32_splat(recent, 24);
    const base3 = v128.load32_splat(recent, 28);
    let previous = i32x4.splat(-1);
    while (r + 32 <= end && out < full) {
      const a = v128.load(r);
      const b = v128.load(r, 16);
      const low = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
      const high = v128.shuffle<i32>(a, b, 1, 3, 5, 7);
      // The region, and the bits of the type that only events have: an event is in no region.
      const region = v128.and(high, i32x4.splat(<i32>0xfc00ffff));
      const base = v128.or(
        v128.or(v128.and(i32x4.eq(region, high0), base0), v128.and(i32x4.eq(region, high1), base1)),
        v128.or(v128.and(i32x4.eq(region, high2), base2), v128.and(i32x4.eq(region, high3), base3)),
      );
      // The page's offset and the size; a size of 0 counts as 1 and cannot straddle. All below 2^31: no signs.
      const last = i32x4.add(v128.and(low, pageMask), v128.and(i32x4.shr_u(high, 16), sizes));
      const isFetch = i32x4.eq(v128.and(high, i32x4.splat(0x03000000)), none);
      const isBad = v128.or(v128.or(i32x4.eq(base, none), isFetch), i32x4.gt_s(last, pageEnd));
      if (!isPlain || v128.any_true(isBad)) break;
      const keys = i32x4.shr_u(v128.or(base, i32x4.shr_u(low, 12)), shift);
      const kept = 15 ^ i32x4.bitmask(i32x4.eq(keys, v128.shuffle<i32>(previous, keys, 3, 4, 5, 6)));
      v128.store(out, i8x16.swizzle(keys, v128.load(squeezes + ((<usize>kept) << 4))));
      out += (<usize>popcnt(kept)) << 2;
      previous = keys;
      r += 32;
    }
    if (r >= end || out >= full) break;
    const group = r + 32 < end ? r + 32 : end;
    const stop = slow(cpu, space, size, r, group, out);
    out = slowOut;
    skipped += stop - r;
    r = stop;
    if (stop < group) break;
  }
  stoppedAt = r;
  store<u32>(cpu, <u32>((out - queue) >>> 2), CpuField.QUEUED);
  const fast = <u64>((r - from - skipped) >>> 3);
  counted(cpu, Count.ACCESSES, fast);
  counted(cpu, Count.REFERENCES, fast);
}

let slowOut: usize = 0;

/** A few records one by one, counted here; stops at an event. */
function slow(cpu: usize, space: usize, size: u32, r: usize, end: usize, out: usize): usize {
  const shift = 12 + 9 * size;
  const first = out;
  let accesses: u64 = 0;
  while (r < end) {
    const record = load<u64>(r);
    const type = <u32>(record >> 56);
    if (type >= <u32>RecordType.FLUSH_ALL) break;
    if (type == RecordType.FETCH && (wanted & 1) == 0) fetchesSeen = true;
    if (((wanted >> type) & 1) != 0) {
      accesses++;
      const from = record & 0xffffffffffff;
      const end = from + extraOf(record);
      const to = end >> shift;
      if (from >> 21 != end >> 21) counted(cpu, Count.CROSS_HUGE, 1);
      if (from >> 30 != end >> 30) counted(cpu, Count.CROSS_GIANT, 1);
      for (let page = from >> shift; page <= to; page++) {
        const byte = page << shift;
        const high = <u32>(byte >> 32) & 0xffff;
        store<u32>(out, (baseOfKnown(space, high) | (<u32>byte >>> 12)) >>> (9 * size));
        out += 4;
      }
    }
    r += 8;
  }
  slowOut = out;
  counted(cpu, Count.ACCESSES, accesses);
  counted(cpu, Count.REFERENCES, <u64>((out - first) >>> 2));
  return r;
}

function baseOfKnown(space: usize, high: u32): u32 {
  for (let i: usize = 0; i < 16; i += 4) {
    if (load<u32>(recent + i) == high) return load<u32>(recent + i, 16);
  }
  return baseOf(space, high);
}
