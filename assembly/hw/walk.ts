/**
 * The hardware page walk, one table read a step, through the paging-structure caches.
 *
 * Protocol
 *   A walk starts at the deepest level that a paging-structure cache knows, and believes what it finds there even if
 *   the table has been freed since. Each read is a step of its own: between two reads anyone else may run.
 *   Reading a present table entry fills the cache of that level; reading a leaf fills the TLB and sets A, and D on a
 *   store. A store through a cached entry without D walks again.
 */
import { Entry, Frame } from "../abi/records";
import { frameAt, get, levels, put, tableAt } from "../word";
import { frameOf, indexOf, isTableEntry } from "./tables";
import { Cached, fill, fillWalk, lookUpWalk } from "./tlb";

export const enum WalkResult {
  /** Another read is needed. */
  MORE,
  DONE,
  /** The entry was not present or lacks the right. */
  FAULT,
}

/** Where a walk in flight stands: the table it reads next, and that table's level. */
export let walkTable: u32 = 0;
export let walkLevel: u32 = 0;

/** The walk began at a cached pointer to a table that has been freed since (T2). */
export let walkWasStale: bool = false;

/** Begins at the deepest cached level, or at the root. */
export function startWalk(cpu: u32, space: u32, pgd: u32, vpn: u64): void {
  for (let level: u32 = 1; level < levels; level++) {
    const cached = lookUpWalk(cpu, space, vpn, level);
    if (cached != 0) {
      walkTable = get(cached + Cached.FRAME);
      walkLevel = level - 1;
      walkWasStale = get(frameAt(walkTable) + Frame.GENERATION) != get(cached + Cached.GENERATION);
      return;
    }
  }
  walkTable = pgd;
  walkLevel = levels - 1;
  walkWasStale = false;
}

export function resumeWalk(table: u32, level: u32): void {
  walkTable = table;
  walkLevel = level;
}

/** One read. */
export function stepWalk(cpu: u32, space: u32, vpn: u64, isStore: bool): u32 {
  const slot = tableAt(walkTable) + indexOf(vpn, walkLevel);
  const entry = get(slot);
  if ((entry & Entry.PRESENT) == 0) return WalkResult.FAULT;
  if (isTableEntry(entry)) {
    if (walkLevel == 0) return WalkResult.FAULT;
    fillWalk(cpu, space, vpn, walkLevel, frameOf(entry));
    walkTable = frameOf(entry);
    walkLevel--;
    return WalkResult.MORE;
  }
  if (isStore && (entry & Entry.WRITE) == 0) return WalkResult.FAULT;
  const marked = entry | Entry.ACCESSED | (isStore ? Entry.DIRTY : 0);
  put(slot, marked);
  fill(cpu, space, vpn, walkLevel, frameOf(entry), marked & 0xff);
  return WalkResult.DONE;
}
