/**
 * Flushes and invalidations of one CPU. Its queue has run before, so that the event falls where the trace has it.
 *
 * A full flush costs the same however much is cached (level.ts: epochs). The others look for entries: one page in its
 * set; a short range page by page; a long range and an ASID by going through all entries, which are a few thousand.
 */
import { Count, RecordType } from "../abi/replay";
import { CpuField, clearFilter, counted, flushCpu, flushPscs } from "./cpu";
import { removeAll, removeKey } from "./level";
import { pageOf, regionAsid, regionOf, sizes } from "./spaces";

/** Pages up to which a range is invalidated one by one. */
const SHORT: u64 = 64;

/** What the entries must satisfy to go: range of 4 KiB pages, ASID. */
let judgedFirst: u64 = 0;
let judgedLast: u64 = 0;
let judgedAsid: u32 = 0;
let judgedShift: u32 = 0;

function isJudged(key: u32): bool {
  const first = key << judgedShift;
  if (load<u32>(regionAsid + ((<usize>first >>> 20) << 2)) != judgedAsid) return false;
  const page = pageOf(first);
  const size: u32 = judgedShift != 0 ? judgedShift / 9 : sizes != 0 ? <u32>load<u8>(sizes + (<usize>first >>> 9)) : 0;
  return page <= judgedLast && page + (((<u64>1) << (9 * size)) - 1) >= judgedFirst;
}

/** Removes what covers the 4 KiB pages [first, last] of an ASID. `uniform` is the only page size, or 3. */
function removeRange(cpu: usize, asid: u32, first: u64, last: u64, uniform: u32): void {
  judgedFirst = first;
  judgedLast = last;
  judgedAsid = asid;
  judgedShift = uniform < 3 ? 9 * uniform : 0;
  const removed =
    removeAll(<usize>load<u32>(cpu, CpuField.L1), isJudged) + removeAll(<usize>load<u32>(cpu, CpuField.L2), isJudged);
  counted(cpu, Count.REMOVED, removed);
}

/** Removes the page that holds a 4 KiB page from every structure that may hold it. Gives its last 4 KiB page. */
function removePage(cpu: usize, space: usize, page: u64, uniform: u32): u64 {
  const raw = regionOf(space, <u32>(page >> 20) & 0xffff) | (<u32>page & 0xfffff);
  const size: u32 = uniform < 3 ? uniform : <u32>load<u8>(sizes + (<usize>raw >>> 9));
  const shift = 9 * size;
  const index = raw >>> shift;
  const key = uniform < 3 ? index : index << shift;
  const l1 = <usize>load<u32>(cpu, CpuField.L1);
  let removed = removeKey(l1, size, key, index);
  removed += removeKey(l1, size + 3, key, index);
  removed += removeKey(<usize>load<u32>(cpu, CpuField.L2), size, key, index);
  counted(cpu, Count.REMOVED, removed);
  return page | (((<u64>1) << shift) - 1);
}

/** Does one event; gives the record behind it. `asid` is the current one. */
export function act(cpu: usize, space: usize, asid: u32, uniform: u32, r: usize): usize {
  const record = load<u64>(r);
  const type = <u32>(record >> 56);
  const address = record & 0xffffffffffff;
  if (type == RecordType.FLUSH_ALL) {
    counted(cpu, Count.FLUSHES, 1);
    flushCpu(cpu);
    return r + 8;
  }
  counted(cpu, Count.INVALIDATIONS, 1);
  flushPscs(cpu);
  clearFilter(cpu);
  if (type == RecordType.FLUSH_ASID) {
    removeRange(cpu, <u32>address, 0, u64.MAX_VALUE >> 1, uniform);
    return r + 8;
  }
  const first = address >> 12;
  if (type == RecordType.INVALIDATE) {
    removePage(cpu, space, first, uniform);
    return r + 8;
  }
  const end = load<u64>(r, 8) & 0xffffffffffff;
  if (end > address) {
    const last = (end - 1) >> 12;
    if (last - first < SHORT) {
      let page = first;
      while (page <= last) page = removePage(cpu, space, page, uniform) + 1;
    } else removeRange(cpu, asid, first, last, uniform);
  }
  return r + 16;
}
