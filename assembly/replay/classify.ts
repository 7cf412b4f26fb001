/**
 * Mixed page sizes, and fetches beside data: each reference gets the class and the set that serve it.
 *
 * A key here is that of the page's first 4 KiB (pages of different size never overlap within an ASID, so keys still
 * name pages); beside it goes the address of its set, with the class in the low four bits. The filter is part of the
 * same pass: it works on whole pages, or a huge page's neighbour in its set would be forgotten.
 */
import { Count, RecordType } from "../abi/replay";
import { BATCH, CpuField, counted, filterMask, filterOf } from "./cpu";
import { extraOf, wantedTypes } from "./front";
import { CLASSES, Level, Place, placeOf } from "./level";
import { allocate } from "./memory";
import { regionOf, sizes, touch } from "./spaces";

/** Of each class: filter slots, filter mask, base, mask, stride. Rebuilt when the CPU changes. */
const plans: usize = allocate(CLASSES << 5);

/** Prepares `classify` for a CPU. */
export function planFor(cpu: usize): void {
  const level = <usize>load<u32>(cpu, CpuField.L1);
  for (let cls: u32 = 0; cls < CLASSES; cls++) {
    const plan = plans + ((<usize>cls) << 5);
    const place = placeOf(level, cls);
    store<u32>(plan, <u32>filterOf(cpu, cls));
    store<u32>(plan, filterMask(level, cls), 4);
    store<u32>(plan, load<u32>(place, Place.BASE), 8);
    store<u32>(plan, load<u32>(place, Place.MASK), 12);
    store<u32>(plan, load<u32>(level, Level.STRIDE), 16);
  }
}

/** Takes records [r, end) until the queue is full or an event comes; gives the first that it did not take. */
export function classify(cpu: usize, space: usize, splitFetch: bool, r: usize, end: usize): usize {
  const queue = <usize>load<u32>(cpu, CpuField.QUEUE);
  const toPlaces = <usize>load<u32>(cpu, CpuField.PLACES) - queue;
  const full = queue + (BATCH << 2);
  let out = queue + ((<usize>load<u32>(cpu, CpuField.QUEUED)) << 2);
  const types = wantedTypes();
  let accesses: u64 = 0;
  let references: u64 = 0;
  let fetches: u64 = 0;
  let high: u32 = 0xffffffff;
  let base: u32 = 0;
  while (r < end && out < full) {
    const record = load<u64>(r);
    const type = <u32>(record >> 56);
    if (type >= <u32>RecordType.FLUSH_ALL) break;
    r += 8;
    if (((types >> type) & 1) == 0) continue;
    accesses++;
    let from = record & 0xffffffffffff;
    const to = from + extraOf(record);
    const fetch: u32 = splitFetch && type == RecordType.FETCH ? 3 : 0;
    let isMore = true;
    while (isMore) {
      const region = <u32>(from >> 32) & 0xffff;
      if (region != high) {
        base = regionOf(space, region);
        high = region;
      }
      const raw = base | (<u32>from >>> 12);
      const size = <u32>load<u8>(sizes + (<usize>raw >>> 9));
      const shift = 9 * size;
      const index = raw >>> shift;
      const key = index << shift;
      const cls = size + fetch;
      const plan = plans + ((<usize>cls) << 5);
      const slot = <usize>load<u32>(plan) + ((<usize>(index & load<u32>(plan, 4))) << 2);
      const last = load<u32>(slot);
      store<u32>(slot, key);
      store<u32>(out, key);
      store<u32>(out + toPlaces, (load<u32>(plan, 8) + (index & load<u32>(plan, 12)) * load<u32>(plan, 16)) | cls);
      out += (<usize>(last != key)) << 2;
      references++;
      if (fetch != 0) fetches++;
      const page = <u64>12 + shift;
      isMore = from >> page != to >> page;
      from = ((from >> page) + 1) << page;
    }
  }
  store<u32>(cpu, <u32>((out - queue) >>> 2), CpuField.QUEUED);
  counted(cpu, Count.ACCESSES, accesses);
  counted(cpu, Count.REFERENCES, references);
  counted(cpu, Count.FETCH_REFERENCES, fetches);
  return r;
}

/** The sets of the second level, for the keys that missed the first. */
export function placeSecond(level: usize, k: usize, end: usize, places: usize): void {
  const stride = load<u32>(level, Level.STRIDE);
  while (k < end) {
    const key = load<u32>(k);
    const size = <u32>load<u8>(sizes + (<usize>key >>> 9));
    const place = placeOf(level, size);
    const index = (key >>> (9 * size)) & load<u32>(place, Place.MASK);
    store<u32>(places, (load<u32>(place, Place.BASE) + index * stride) | size);
    places += 4;
    k += 4;
  }
}

/** Pass one of a transparent-huge-page simulation: marks the pages that data accesses touch. */
export function touchAll(space: usize, r: usize, end: usize): usize {
  const types = wantedTypes();
  while (r < end) {
    const record = load<u64>(r);
    const type = <u32>(record >> 56);
    if (type >= <u32>RecordType.FLUSH_ALL) break;
    r += 8;
    if (((types >> type) & 1) == 0) continue;
    const from = record & 0xffffffffffff;
    const to = (from + extraOf(record)) >> 12;
    for (let page = from >> 12; page <= to; page++) touch(space, page & 0xfffffffff);
  }
  return r;
}
