/**
 * What a step uses of obligations and sets of VMAs, for the search that leaves out schedules (explore/persistent.ts).
 *
 * Obligations are a set: where one lies in memory, and how many there are, tells nothing. So their words are not noted;
 * instead each use names cells. An mm has one for all its obligations, and one for those on each frame, guarded by each
 * lock, for each agent that must flush, each task whose call answers, and each CPU whose broadcast is under way.
 * Every rule asks for the obligations of some cells; who makes, changes or discharges one notes all that it is in.
 *
 * Invariants
 *   N1  What a rule's answer depends on is in a cell that it has noted, also when there is no obligation in it.
 *   N2  Discharges by two CPUs take different holders away, and marks of calls and broadcasts go with the obligation:
 *       all of them are Access.CLEAR, and can change places.
 */
import { Base, Boot } from "../abi/layout";
import { Obligation } from "../abi/tasks";
import { Access, base, boot, cpus, get, mms, noteCell, tasks } from "../word";

export { Access };

/** Every mm; every task or CPU, as a bit set. */
export const ANYBODY: u32 = 0xffffffff;

/** Cells for locks: two that share one only look as if they were used together. */
const GUARDS: u32 = 32;

function frames(): u32 {
  return base(Base.FRAMES);
}

function perMm(): u32 {
  return 1 + frames() + GUARDS + (tasks + cpus + 1) + tasks + cpus;
}

/** How many cells there are: after those of obligations, one for the VMAs of each mm and of each file's tree. */
export function cellCount(): u32 {
  return mms * perMm() + mms + boot(Boot.FILES);
}

/** Cells that are about one CPU, two for each mm: what it must flush, and its broadcasts under way. */
export function cpuCell(i: u32, cpu: u32): u32 {
  const first = (i >> 1) * perMm() + 1 + frames() + GUARDS;
  return first + ((i & 1) == 0 ? tasks + cpu + 1 : tasks + cpus + 1 + tasks + cpu);
}

/** Which VMAs the mm has: who looks for one reads it, who links or forgets one writes it. */
export function noteVmas(mm: u32, access: u32): void {
  if (isDefined(RECORDED)) noteCell(mms * perMm() + mm, access);
}

/** Which VMAs the interval tree of the file holds. */
export function noteTree(file: u32, access: u32): void {
  if (isDefined(RECORDED)) noteCell(mms * perMm() + mms + file, access);
}

/** Cell `index` of one mm, or of all. */
function noteOf(mm: u32, index: u32, access: u32): void {
  if (mm != ANYBODY) noteCell(mm * perMm() + index, access);
  else for (let each: u32 = 0; each < mms; each++) noteCell(each * perMm() + index, access);
}

export function noteMm(mm: u32, access: u32): void {
  if (isDefined(RECORDED)) noteOf(mm, 0, access);
}

export function noteFrame(mm: u32, frame: u32, access: u32): void {
  if (isDefined(RECORDED)) noteOf(mm, 1 + frame, access);
}

export function noteGuard(mm: u32, lock: u32, access: u32): void {
  if (isDefined(RECORDED)) {
    if (lock != 0) noteOf(mm, 1 + frames() + (lock & (GUARDS - 1)), access);
  }
}

/** Who must flush: agent + 1; 0 is nobody. */
export function noteBy(mm: u32, by: u32, access: u32): void {
  if (isDefined(RECORDED)) {
    if (by != 0) noteOf(mm, 1 + frames() + GUARDS + by, access);
  }
}

/** Tasks whose calls answer, a bit set. */
export function noteDue(mm: u32, due: u32, access: u32): void {
  if (isDefined(RECORDED)) {
    const first = 1 + frames() + GUARDS + tasks + cpus + 1;
    for (let task: u32 = 0; task < tasks; task++) if ((due & (1 << task)) != 0) noteOf(mm, first + task, access);
  }
}

/** CPUs whose broadcasts are under way, a bit set. */
export function noteIssued(mm: u32, issued: u32, access: u32): void {
  if (isDefined(RECORDED)) {
    const first = 1 + frames() + GUARDS + tasks + cpus + 1 + tasks;
    for (let cpu: u32 = 0; cpu < cpus; cpu++) if ((issued & (1 << cpu)) != 0) noteOf(mm, first + cpu, access);
  }
}

/** Every cell that the obligation is in. */
export function noteObligation(record: u32, access: u32): void {
  if (isDefined(RECORDED)) {
    const mm = get(record + Obligation.MM);
    noteMm(mm, access);
    noteFrame(mm, get(record + Obligation.FRAME), access);
    noteGuard(mm, get(record + Obligation.GUARD), access);
    noteBy(mm, get(record + Obligation.BY), access);
    noteDue(mm, get(record + Obligation.DUE), access);
    noteIssued(mm, get(record + Obligation.ISSUED), access);
  }
}
