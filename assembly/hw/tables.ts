/**
 * Page tables: real words in simulated memory, and the arithmetic of the geometry.
 *
 * An entry is one word: flags in the low byte, PFN above. Level 0 entries map base pages; an entry with LEAF at a
 * higher level maps a huge page; without it, it points to the table one level down. All tables have room for the
 * widest level.
 *
 * Units: VPN, PFN and spans count base pages.
 * Reference: the radix walk of Intel SDM vol. 3A chapter 4, reduced to what the flush problem needs.
 */
import { Boot } from "../abi/layout";
import { Entry, Rest } from "../abi/records";
import { Access, boot, bump, get, levels, note, put, restAt, tableAt } from "../word";

export const LEVELS_MAX: u32 = 4;

/** Bits of the VPN below each level's index, and below the whole: sums of the Boot bits. */
const shifts = memory.data((4 + 1) * 4);

/** Adds the index bits up, once: every walk asks for them. */
export function cacheGeometry(): void {
  let shift: u32 = 0;
  for (let level: u32 = 0; level <= LEVELS_MAX; level++) {
    store<u32>(shifts + (level << 2), shift);
    if (level < boot(Boot.LEVELS)) shift += boot(Boot.BITS_0 + level);
  }
}

/** Bits of the VPN below a level's index. */
export function shiftOf(level: u32): u32 {
  return load<u32>(shifts + (level << 2));
}

/** Base pages that one entry of a level spans. */
export function pagesOf(level: u32): u64 {
  return (<u64>1) << (<u64>shiftOf(level));
}

export function entriesOf(level: u32): u32 {
  return 1 << boot(Boot.BITS_0 + level);
}

export function indexOf(vpn: u64, level: u32): u32 {
  return <u32>(vpn >> <u64>shiftOf(level)) & (entriesOf(level) - 1);
}

/** Base pages of the whole address space. */
export function spaceEnd(): u64 {
  return pagesOf(levels);
}

export function alignDown(vpn: u64, level: u32): u64 {
  return vpn & ~(pagesOf(level) - 1);
}

export function alignUp(vpn: u64, level: u32): u64 {
  return alignDown(vpn + pagesOf(level) - 1, level);
}

export function isTableEntry(entry: u32): bool {
  return (entry & (Entry.PRESENT | Entry.LEAF)) == Entry.PRESENT;
}

export function frameOf(entry: u32): u32 {
  return entry >> Entry.SHIFT;
}

export function makeEntry(frame: u32, flags: u32): u32 {
  return (frame << Entry.SHIFT) | flags;
}

/** Table frame that the last `slotOf` ended in. */
export let slotTable: u32 = 0;

/** Word of the entry for `vpn` at `level`, reached through present tables from `pgd`; 0 when one is missing. */
export function slotOf(pgd: u32, vpn: u64, level: u32): u32 {
  slotTable = 0;
  let table = pgd;
  let at: u32 = levels - 1;
  if (table == 0) return 0;
  while (at > level) {
    const entry = get(tableAt(table) + indexOf(vpn, at));
    if (!isTableEntry(entry)) return 0;
    table = frameOf(entry);
    at--;
  }
  slotTable = table;
  return tableAt(table) + indexOf(vpn, level);
}

/** First word of [slot, end) that is not zero, else `end`: an empty table is passed sixteen entries at a time. */
export function firstUsed(slot: u32, end: u32): u32 {
  if (isDefined(RECORDED)) for (let word = slot; word < end; word++) note(word, Access.READ);
  let at = slot << 2;
  const stop = end << 2;
  while (at + 64 <= stop) {
    const low = v128.or(v128.load(at), v128.load(at, 16));
    if (v128.any_true(v128.or(low, v128.or(v128.load(at, 32), v128.load(at, 48))))) break;
    at += 64;
  }
  while (at < stop && load<u32>(at) == 0) at += 4;
  return at >> 2;
}

/** Writes an entry and keeps the number of parents of the tables it pointed and points to. */
export function writeEntry(slot: u32, entry: u32): void {
  const old = get(slot);
  if (isTableEntry(old)) bump(restAt(frameOf(old)) + Rest.PARENTS, -1);
  if (isTableEntry(entry)) bump(restAt(frameOf(entry)) + Rest.PARENTS, 1);
  put(slot, entry);
}
