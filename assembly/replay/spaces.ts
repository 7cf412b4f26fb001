/**
 * Address spaces and page keys: how 48 address bits and an ASID become 32 bits without losing anything.
 *
 * Protocol
 *   The first access to a region (4 GiB of one ASID) gives the region a number of 12 bits; a page key is that number
 *   and the 20 bits of the page within the region. In a simulation with one page size the key is shifted right by 9
 *   bits per size step, so that it counts pages of that size.
 *
 * Invariants
 *   K1  Keys are equal exactly if page and ASID are.
 *   K2  The low bits of a key are the low bits of the page number, as far as any structure indexes with them: region
 *       numbers are congruent to the region's own number (`setCongruence`).
 *   K3  No key is 0xffffffff, which marks an empty way: region numbers end at 4094. None is 0: they begin at 1.
 */
import { Fault } from "../abi/replay";
import { allocate, fail } from "./memory";
import { newTable } from "./tables";

const REGIONS: u32 = 4096;
const HIGHS: usize = 65536;
const BITS_OF_REGION: u32 = 20;
const HUGE_OF_REGION: u32 = 2048;

/** Per ASID: table of key bases by address bits 32..47 (0: no such region yet), then the root of the page tables. */
const spaces: usize = allocate(65536 << 2);
const SPACE_BYTES: usize = (HIGHS << 2) + 64;

/** By region number: address bits 32..47, ASID, root. */
export const regionHigh: usize = allocate(REGIONS << 2);
export const regionAsid: usize = allocate(REGIONS << 2);
export const regionRoot: usize = allocate(REGIONS << 2);
/** By region number: where the entry of the top level is, and where in the next table those of the region begin. */
export const regionTop: usize = allocate(REGIONS << 3);
/** Size of every 2 MiB by key >>> 9 (K1); 8 MiB, made when sizes are mixed. */
export let sizes: usize = 0;

/** Ranges that the host named: first and last 4 KiB page, size; later ones win. */
const RANGES_MAX: u32 = 65536;
let ranges: usize = 0;
let rangeCount: u32 = 0;
let defaultSize: u32 = 0;

let congruence: u32 = 0;
const nextOfClass: usize = allocate(REGIONS << 2);

/** Pages that pass one has seen, by region: 128 KiB of bits. */
const touched: usize = allocate(REGIONS << 2);
let isTouching: bool = false;

/** Region numbers keep this many low bits of address bits 32 and up (K2). Before the first access. */
export function setCongruence(bits: u32): void {
  congruence = bits;
}

/** Sizes differ by range from here on; what no range names has size `size`. */
export function mixSizes(size: u32): void {
  defaultSize = size;
  if (sizes == 0) sizes = allocate((<usize>REGIONS) << 11);
}

/** Names the size of the 4 KiB pages [first, last]; gives 0 when there is no room. Before the first access. */
export function addRange(first: u64, last: u64, size: u32): u32 {
  if (ranges == 0) ranges = allocate(RANGES_MAX * 24);
  if (rangeCount == RANGES_MAX) return 0;
  const at = ranges + <usize>rangeCount * 24;
  store<u64>(at, first);
  store<u64>(at, last, 8);
  store<u32>(at, size, 16);
  rangeCount++;
  return 1;
}

/** The table of key bases of an ASID. */
export function spaceOf(asid: u32): usize {
  if (asid > 0xffff) {
    fail(Fault.ASID);
    return spaceOf(0);
  }
  const at = spaces + ((<usize>asid) << 2);
  let space = <usize>load<u32>(at);
  if (space == 0) {
    space = allocate(SPACE_BYTES);
    store<u32>(at, <u32>space);
    store<u32>(space + (HIGHS << 2), asid);
    store<u32>(space + (HIGHS << 2), <u32>newTable(), 4);
  }
  return space;
}

/** The key base of a region, which gets its number now if it has none. 0 when there are no more numbers. */
export function regionOf(space: usize, high: u32): u32 {
  const known = load<u32>(space + ((<usize>high) << 2));
  return known != 0 ? known : newRegion(space, high);
}

function newRegion(space: usize, high: u32): u32 {
  const low = high & ((1 << congruence) - 1);
  const counter = nextOfClass + ((<usize>low) << 2);
  let slot = load<u32>(counter);
  if (low == 0 && slot == 0) slot = 1;
  const number = (slot << congruence) | low;
  if (number > 4094) {
    fail(Fault.REGIONS);
    return 0;
  }
  store<u32>(counter, slot + 1);
  const at = (<usize>number) << 2;
  store<u32>(regionHigh + at, high);
  store<u32>(regionAsid + at, load<u32>(space + (HIGHS << 2)));
  store<u32>(regionRoot + at, load<u32>(space + (HIGHS << 2), 4));
  const root = load<u32>(space + (HIGHS << 2), 4);
  store<u32>(regionTop + (at << 1), root + ((high >>> 7) << 3));
  store<u32>(regionTop + (at << 1), (high & 127) << 5, 4);
  const base = number << BITS_OF_REGION;
  store<u32>(space + ((<usize>high) << 2), base);
  if (sizes != 0) sizeRegion(number, high);
  if (isTouching) store<u32>(touched + at, <u32>allocate(1 << 17));
  return base;
}

/** Writes the size of each 2 MiB of a region. */
function sizeRegion(number: u32, high: u32): void {
  const row = sizes + ((<usize>number) << 11);
  memory.fill(row, <u8>defaultSize, HUGE_OF_REGION);
  const from = (<u64>high) << 20;
  const to = from + 0xfffff;
  for (let i: u32 = 0; i < rangeCount; i++) {
    const at = ranges + <usize>i * 24;
    let first = load<u64>(at);
    let last = load<u64>(at, 8);
    if (last < from || first > to) continue;
    if (first < from) first = from;
    if (last > to) last = to;
    const begin = <usize>((first - from) >> 9);
    memory.fill(row + begin, <u8>load<u32>(at, 16), <usize>((last - from) >> 9) - begin + 1);
  }
}

/** Pass one of a transparent-huge-page simulation: regions get a bit per page from here on. */
export function startTouching(): void {
  isTouching = true;
}

export function touch(space: usize, page: u64): void {
  const key = regionOf(space, <u32>(page >> BITS_OF_REGION));
  const bits = <usize>load<u32>(touched + ((<usize>key >>> BITS_OF_REGION) << 2));
  const low = <u32>page & 0xfffff;
  const at = bits + (low >>> 3);
  store<u8>(at, load<u8>(at) | ((<u8>1) << (<u8>low & 7)));
}

/** End of pass one: every 2 MiB with at least `pages` touched pages becomes one page. */
export function finishTouching(pages: u32): void {
  isTouching = false;
  for (let number: usize = 1; number < REGIONS; number++) {
    const bits = <usize>load<u32>(touched + (number << 2));
    if (bits == 0) continue;
    for (let huge: usize = 0; huge < HUGE_OF_REGION; huge++) {
      let count: u64 = 0;
      for (let i: usize = 0; i < 64; i += 8) count += popcnt<u64>(load<u64>(bits + (huge << 6) + i));
      const at = sizes + (number << 11) + huge;
      if (<u32>count >= pages && load<u8>(at) == 0) store<u8>(at, 1);
    }
  }
}

/** The 36-bit page number of a key of 4 KiB pages. */
export function pageOf(key: u32): u64 {
  const high = <u64>load<u32>(regionHigh + ((<usize>key >>> BITS_OF_REGION) << 2));
  return (high << BITS_OF_REGION) | (<u64>key & 0xfffff);
}

/** Whether a key of pages of 2^shift base pages is of an ASID and overlaps the base pages [from, to]. */
export function isOf(key: u32, shift: u32, asid: u32, from: u64, to: u64): bool {
  const page = pageOf(key << shift);
  const isOurs = load<u32>(regionAsid + ((<usize>(key << shift) >>> BITS_OF_REGION) << 2)) == asid;
  return isOurs && page <= to && page + (((<u64>1) << shift) - 1) >= from;
}
