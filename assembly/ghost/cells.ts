/**
 * What a step uses of the obligations, for the search that leaves out schedules (explore/persistent.ts).
 *
 * Obligations are a set: where one lies in memory, and how many there are, tells nothing. So their words are not noted;
 * instead each use names cells: of the mm, of the frame, of the lock that guards, of who must flush, of whose call
 * answers, and of whose broadcast is under way. Every rule asks for the obligations of one cell, and whoever makes,
 * changes or discharges an obligation notes all the cells that it is in.
 *
 * Invariants
 *   N1  What a rule's answer depends on is in a cell that it has noted, also when there is no obligation in it.
 *   N2  Discharges by two CPUs take different holders away: Access.CLEAR, and they can change places.
 */
import { Base } from "../abi/layout";
import { Obligation } from "../abi/tasks";
import { Access, base, cpus, get, mms, noteCell, tasks } from "../word";

/** Cells for locks: two that share one only look as if they were used together. */
const GUARDS: u32 = 64;

function frames(): u32 {
  return base(Base.FRAMES);
}

/** How many cells there are. */
export function cellCount(): u32 {
  return mms + frames() + GUARDS + (tasks + cpus + 1) + tasks + cpus;
}

export function noteMm(mm: u32, access: u32): void {
  if (isDefined(RECORDED)) noteCell(mm, access);
}

export function noteFrame(frame: u32, access: u32): void {
  if (isDefined(RECORDED)) noteCell(mms + frame, access);
}

export function noteGuard(lock: u32, access: u32): void {
  if (isDefined(RECORDED)) {
    if (lock != 0) noteCell(mms + frames() + (lock & (GUARDS - 1)), access);
  }
}

/** Who must flush: agent + 1; 0 is nobody. */
export function noteBy(by: u32, access: u32): void {
  if (isDefined(RECORDED)) {
    if (by != 0) noteCell(mms + frames() + GUARDS + by, access);
  }
}

/** Tasks whose calls answer, a bit set. */
export function noteDue(due: u32, access: u32): void {
  if (isDefined(RECORDED)) {
    const first = mms + frames() + GUARDS + tasks + cpus + 1;
    for (let task: u32 = 0; task < tasks; task++) if ((due & (1 << task)) != 0) noteCell(first + task, access);
  }
}

/** CPUs whose broadcasts are under way, a bit set. */
export function noteIssued(issued: u32, access: u32): void {
  if (isDefined(RECORDED)) {
    const first = mms + frames() + GUARDS + tasks + cpus + 1 + tasks;
    for (let cpu: u32 = 0; cpu < cpus; cpu++) if ((issued & (1 << cpu)) != 0) noteCell(first + cpu, access);
  }
}

/** Every cell that the obligation is in. */
export function noteObligation(record: u32, access: u32): void {
  if (isDefined(RECORDED)) {
    noteMm(get(record + Obligation.MM), access);
    noteFrame(get(record + Obligation.FRAME), access);
    noteGuard(get(record + Obligation.GUARD), access);
    noteBy(get(record + Obligation.BY), access);
    noteDue(get(record + Obligation.DUE), access);
    noteIssued(get(record + Obligation.ISSUED), access);
  }
}

/** All bits: of every task, of every CPU. */
export const ANYBODY: u32 = 0xffffffff;

export { Access };
