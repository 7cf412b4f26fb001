/**
 * User loads and stores.
 *
 * Saturated hardware: the access asks the page tables in one step; what a TLB could still say is the oracle's matter,
 * or, where a search enumerates what hardware does, the matter of the TLBs that are looked at in every state.
 * Concrete hardware: the TLB is asked first, then the walk reads one table a step. A load through an entry whose frame
 * has been freed since it was cached, or that another file or mm now owns, is a STALE_ACCESS.
 */

import { EventKind, Fault, Sometimes } from "../abi/events";
import { Reg } from "../abi/operands";
import { Cpu, Entry, Frame, Mm, Rest, Tally } from "../abi/records";
import { Task } from "../abi/tasks";
import { event, sometimes, violation } from "../ghost/report";
import { frameOf, isTableEntry, slotOf } from "../hw/tables";
import { Cached, lookUp } from "../hw/tlb";
import { resumeWalk, startWalk, stepWalk, WalkResult, walkLevel, walkTable, walkWasStale } from "../hw/walk";
import { add, concrete, cpuAt, frameAt, get, levels, mmAt, put, reg, regWord, restAt, tally, unlimited } from "../word";
import { spaceOfCpu } from "./x86";

export const enum AccessResult {
  DONE,
  /** Another read of the walk is needed. */
  AGAIN,
  FAULT,
}

function finish(task: u32, frame: u32, isStore: bool): u32 {
  const rest = restAt(frame);
  if (isStore) put(rest + Rest.VALUE, regWord(task, Reg.VALUE));
  put(task + Task.VALUE, get(rest + Rest.VALUE));
  put(task + Task.WALK_LEVEL, 0);
  put(task + Task.WALK_TABLE, 0);
  return AccessResult.DONE;
}

/** Where the last mapped() has found its entry, and the entry's level. */
let mappedSlot: u32 = 0;
let mappedLevel: u32 = 0;

/** The leaf entry of the tables for `vpn`, at whatever level; 0 when it is not mapped. */
function mapped(mm: u32, vpn: u64): u32 {
  for (let level: u32 = 0; level < levels; level++) {
    const slot = slotOf(get(mmAt(mm) + Mm.PGD), vpn, level);
    if (slot == 0) continue;
    const entry = get(slot);
    mappedSlot = slot;
    mappedLevel = level;
    return (entry & Entry.PRESENT) != 0 && !isTableEntry(entry) ? entry : 0;
  }
  return 0;
}

function saturated(task: u32, isStore: bool): u32 {
  const entry = mapped(get(task + Task.MM), reg(task, Reg.START));
  if (entry == 0 || (isStore && (entry & Entry.WRITE) == 0)) return AccessResult.FAULT;
  // Only entries of level 0 know a dirty bit; it is in memory before any TLB may store without asking again.
  if (isStore && mappedLevel == 0) put(mappedSlot, entry | Entry.DIRTY);
  return finish(task, frameOf(entry), isStore);
}

/** One step of a load or store at START by the task's CPU. */
export function access(task: u32, isStore: bool): u32 {
  if (!concrete || unlimited) return saturated(task, isStore);
  const cpu = get(task + Task.CPU);
  const space = spaceOfCpu(cpu);
  const vpn = reg(task, Reg.START);
  if (get(task + Task.WALK_LEVEL) == 0) {
    const hit = lookUp(cpu, space, vpn);
    const usable =
      hit != 0 && (!isStore || (get(hit + Cached.FLAGS) & (Entry.WRITE | Entry.DIRTY)) == (Entry.WRITE | Entry.DIRTY));
    if (usable) return throughTlb(task, cpu, hit, isStore);
    startWalk(cpu, space, get(mmAt(get(task + Task.MM)) + Mm.PGD), vpn);
    add(tally(Tally.WALKS), 1);
  } else {
    resumeWalk(get(task + Task.WALK_TABLE), get(task + Task.WALK_LEVEL) - 1);
  }
  const result = stepWalk(cpu, space, vpn, isStore);
  put(task + Task.WALK_LEVEL, result == WalkResult.MORE ? walkLevel + 1 : 0);
  put(task + Task.WALK_TABLE, result == WalkResult.MORE ? walkTable : 0);
  if (result == WalkResult.MORE) return AccessResult.AGAIN;
  if (result == WalkResult.FAULT) return AccessResult.FAULT;
  return throughTlb(task, cpu, lookUp(cpu, space, vpn), isStore);
}

function throughTlb(task: u32, cpu: u32, entry: u32, isStore: bool): u32 {
  const frame = get(entry + Cached.FRAME);
  add(tally(Tally.TLB_HITS), 1);
  event(EventKind.HIT, cpu, get(task + Task.MM), reg(task, Reg.START), 0, frame, isStore ? 1 : 0);
  if (outlived(entry) || walkWasStale) violation(Fault.STALE_ACCESS, 0, 1 << cpu);
  return finish(task, frame, isStore);
}

/** The cached frame has been freed since: no window of a flush in progress excuses that. */
function outlived(entry: u32): bool {
  return get(frameAt(get(entry + Cached.FRAME)) + Frame.GENERATION) != get(entry + Cached.GENERATION);
}

/** The entry outlived its frame, or the tables no longer give what it gives. */
export function isStale(mm: u32, vpn: u64, entry: u32): bool {
  return outlived(entry) || frameOf(mapped(mm, vpn)) != get(entry + Cached.FRAME);
}

/** A speculative walk by hardware, run to its end in one step. True when it ended in a translation. */
export function speculate(cpu: u32, vpn: u64): bool {
  const loaded = get(cpuAt(cpu) + Cpu.LOADED_MM);
  if (loaded == 0) return false;
  const space = spaceOfCpu(cpu);
  if (lookUp(cpu, space, vpn) != 0) return true;
  startWalk(cpu, space, get(mmAt(loaded - 1) + Mm.PGD), vpn);
  let result = stepWalk(cpu, space, vpn, false);
  while (result == WalkResult.MORE) result = stepWalk(cpu, space, vpn, false);
  if (result != WalkResult.DONE) return false;
  event(EventKind.FILLED, cpu, loaded - 1, vpn, 0, get(lookUp(cpu, space, vpn) + Cached.FRAME), 0);
  return true;
}

export function faulted(): void {
  add(tally(Tally.FAULTS), 1);
  sometimes(Sometimes.FAULTED);
}
