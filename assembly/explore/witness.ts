/**
 * The witness of a violation: the same schedule on concrete TLBs, with the hardware steps that make it real.
 *
 * Protocol
 *   The host replays the schedule with concrete TLBs. Just before the step that gave birth to the obligation, the CPU
 *   that may hold it fills its TLB, or only its walk cache, as hardware may at any time. After the violating step the
 *   frame is handed to a stranger, who writes to it; then the CPU loads through what it still has cached. The witness
 *   holds only if that load hits the stale entry. Nothing here asks the oracle.
 */

import { EventKind, Witness } from "../abi/events";
import { Base } from "../abi/layout";
import { Cpu, Entry, Frame, Kind, Mm, OWNER_STRANGER, Rest } from "../abi/records";
import { event } from "../ghost/report";
import { allocate, Pool, poolOf } from "../hw/frames";
import { invalidateAll } from "../hw/invalidate";
import { entriesOf, frameOf, isTableEntry, makeEntry, slotOf } from "../hw/tables";
import { Cached, lookUp, lookUpWalk } from "../hw/tlb";
import { startWalk, stepWalk, WalkResult, walkLevel, walkTable } from "../hw/walk";
import { isStale, speculate } from "../mm/access";
import { spaceOfCpu } from "../mm/x86";
import { base, cpuAt, frameAt, get, mmAt, put, restAt, tableAt } from "../word";

/** What the stranger's page holds. */
const STRANGER_VALUE: u32 = 0x5742;

/** Frame that the last witness load reached, and what it read there. */
export let witnessFrame: u32 = 0;
export let witnessValue: u32 = 0;

/** Fills the translation of `vpn`, and the pointers on the path, into the TLB and walk caches of `cpu`. */
export function fillLeaf(cpu: u32, vpn: u64): bool {
  return speculate(cpu, vpn);
}

/** Makes room: a CPU may evict what it likes, when it likes. */
export function evict(cpu: u32): void {
  invalidateAll(cpu);
}

/** Fills only the pointer of `level` on the path to `vpn` (a walk that was cut short). */
export function fillPointer(cpu: u32, vpn: u64, level: u32): bool {
  const loaded = get(cpuAt(cpu) + Cpu.LOADED_MM);
  if (loaded == 0) return false;
  const space = spaceOfCpu(cpu);
  if (lookUpWalk(cpu, space, vpn, level) != 0) return true;
  startWalk(cpu, space, get(mmAt(loaded - 1) + Mm.PGD), vpn);
  while (walkLevel >= level) if (stepWalk(cpu, space, vpn, false) != WalkResult.MORE) return false;
  event(EventKind.FILLED, cpu, loaded - 1, vpn, 0, walkTable, level);
  return true;
}

/** Hands `frame` to a stranger, taking free frames until it comes up. A table gets one page of the stranger's. */
export function handToStranger(frame: u32): bool {
  const pool = poolOf(frame);
  let got = allocate(pool, pool == Pool.TABLE ? <u32>Kind.TABLE : <u32>Kind.PAGE, OWNER_STRANGER);
  let left = base(Base.FRAMES);
  while (got != frame && got != 0 && left > 0) {
    got = allocate(pool, Kind.PAGE, OWNER_STRANGER);
    left--;
  }
  if (got != frame) return false;
  event(EventKind.ALLOCATED, 0, OWNER_STRANGER, 0, 0, frame, pool);
  if (pool != Pool.TABLE) {
    put(restAt(frame) + Rest.VALUE, STRANGER_VALUE);
    return true;
  }
  return fillStrangersTable(frame);
}

/** Every slot of the stranger's table maps one page of the stranger's. */
function fillStrangersTable(table: u32): bool {
  const page = allocate(Pool.HUGE, Kind.PAGE, OWNER_STRANGER);
  if (page == 0) return false;
  put(restAt(page) + Rest.VALUE, STRANGER_VALUE);
  const entries = entriesOf(1);
  for (let i: u32 = 0; i < entries; i++) {
    put(tableAt(table) + i, makeEntry(page, Entry.PRESENT | Entry.WRITE | Entry.LEAF));
  }
  return true;
}

/** A load by `cpu` at `vpn` as its hardware would do it now. CONFIRMED when it used a stale entry and got through. */
export function probe(cpu: u32, vpn: u64): u32 {
  const loaded = get(cpuAt(cpu) + Cpu.LOADED_MM);
  if (loaded == 0) return Witness.GONE;
  const space = spaceOfCpu(cpu);
  let entry = lookUp(cpu, space, vpn);
  if (entry == 0) {
    if (!speculate(cpu, vpn)) return Witness.GONE;
    entry = lookUp(cpu, space, vpn);
  }
  witnessFrame = get(entry + Cached.FRAME);
  witnessValue = get(restAt(witnessFrame) + Rest.VALUE);
  event(EventKind.HIT, cpu, loaded - 1, vpn, 0, witnessFrame, 0);
  return isStale(loaded - 1, vpn, entry) ? Witness.CONFIRMED : Witness.GONE;
}

/** Whether `cpu` still starts its walks of `vpn` at a table that the mm no longer points to at `level`. */
export function probePointer(cpu: u32, vpn: u64, level: u32): u32 {
  const loaded = get(cpuAt(cpu) + Cpu.LOADED_MM);
  if (loaded == 0) return Witness.GONE;
  const cached = lookUpWalk(cpu, spaceOfCpu(cpu), vpn, level);
  if (cached == 0) return Witness.GONE;
  witnessFrame = get(cached + Cached.FRAME);
  witnessValue = 0;
  const slot = slotOf(get(mmAt(loaded - 1) + Mm.PGD), vpn, level);
  const still = slot != 0 && isTableEntry(get(slot)) && frameOf(get(slot)) == witnessFrame;
  return still ? Witness.GONE : Witness.CONFIRMED;
}

/** A store by `cpu` at `vpn` would go through: its entry still says writable and the tables no longer do. */
export function probeWrite(cpu: u32, vpn: u64): u32 {
  const loaded = get(cpuAt(cpu) + Cpu.LOADED_MM);
  if (loaded == 0) return Witness.GONE;
  const entry = lookUp(cpu, spaceOfCpu(cpu), vpn);
  if (entry == 0) return Witness.GONE;
  witnessFrame = get(entry + Cached.FRAME);
  witnessValue = get(restAt(witnessFrame) + Rest.VALUE);
  const flags = get(entry + Cached.FLAGS);
  return (flags & Entry.WRITE) != 0 ? Witness.CONFIRMED : Witness.GONE;
}

/** A store by `cpu` through what it has cached: CONFIRMED when it needs no walk and nobody will take its value. */
export function probeStore(cpu: u32, vpn: u64): u32 {
  const loaded = get(cpuAt(cpu) + Cpu.LOADED_MM);
  if (loaded == 0) return Witness.GONE;
  const entry = lookUp(cpu, spaceOfCpu(cpu), vpn);
  const stores: u32 = Entry.WRITE | Entry.DIRTY;
  if (entry == 0 || (get(entry + Cached.FLAGS) & stores) != stores) return Witness.GONE;
  witnessFrame = get(entry + Cached.FRAME);
  const rest = restAt(witnessFrame);
  if (get(frameAt(witnessFrame) + Frame.GENERATION) != get(entry + Cached.GENERATION)) return Witness.GONE;
  put(rest + Rest.VALUE, STRANGER_VALUE);
  witnessValue = STRANGER_VALUE;
  event(EventKind.HIT, cpu, loaded - 1, vpn, 0, witnessFrame, 1);
  const lost = get(rest + Rest.DIRTY) == 0 && get(rest + Rest.SAVED) != STRANGER_VALUE;
  return lost ? Witness.CONFIRMED : Witness.GONE;
}
