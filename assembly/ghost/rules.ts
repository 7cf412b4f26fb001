/**
 * The rules over obligations: who is discharged by an invalidation, and which remaining one is a violation.
 *
 *   STALE_TRANSLATION    a frame is freed while a CPU that runs the mm may hold its translation         (I1)
 *   STALE_WALK           a table is freed, or a frame that was reached through a stale table pointer,
 *                        while a CPU may hold the pointer, lazy CPUs included                            (I2)
 *   FLUSH_AFTER_UNLOCK   the lock that guards an unshare or a move is dropped with holders left          (I3)
 *   RANGE_NOT_RECORDED   what changed lies outside what was recorded, or a table where leaves were       (I4)
 *   RIGHTS_OUTLIVE_CALL  a call has returned and a CPU still has more rights than the tables give        (I5)
 *   WALKER_INSIDE        a table is freed while a software walker is inside it; gup.ts has the other half (I7)
 *
 * Reference: ../shared design, kernel.md section 7.2 (the numbers in brackets).
 */

import { EventKind, Fault, Hidden } from "../abi/events";
import { Scope } from "../abi/operands";
import { Cpu, Frame, Kind, Mm } from "../abi/records";
import { OBLIGATION_TABLE, Obligation, ObligationFlag, Task } from "../abi/tasks";
import { missesGlobal, reachesLeaf, reachesWalk } from "../hw/invalidate";
import { pagesOf } from "../hw/tables";
import {
  clearBits,
  cpuAt,
  cpus,
  frameAt,
  get,
  getLong,
  kindOf,
  mmAt,
  obligationAt,
  put,
  setBits,
  taskAt,
  tasks,
  tracing,
} from "../word";
import { owedIn } from "./calls";
import { Access, ANYBODY, noteBy, noteFrame, noteGuard, noteIssued, noteMm, noteObligation } from "./cells";
import { covering, lifecycle } from "./coverage";
import { obligationCount, onlyOn, staleOn } from "./lookup";
import { mirrorsLose } from "./mirrors";
import { forget, leftBehind } from "./obligations";
import { currentAgent, currentPc, event, hidden, violation } from "./report";

function reached(record: u32, scope: u32, hint: u32, from: u64, to: u64): bool {
  if ((get(record + Obligation.FLAGS) & ObligationFlag.GLOBAL) != 0 && missesGlobal(scope)) return false;
  const level = get(record + Obligation.LEVEL);
  const start = getLong(record + Obligation.START);
  if ((level & OBLIGATION_TABLE) != 0) return reachesWalk(scope, hint, from, to, start, level & 15);
  return reachesLeaf(scope, hint, from, to, start, level);
}

function traceDischarge(record: u32, gone: u32): void {
  const start = getLong(record + Obligation.START);
  const level = get(record + Obligation.LEVEL);
  const frame = get(record + Obligation.FRAME);
  event(EventKind.DISCHARGED, gone, get(record + Obligation.MM), start, start + pagesOf(level & 15), frame, level);
}

/** Takes `gone` from the holders of obligation `i`; true when it is forgotten and another took its index. */
function discharge(i: u32, gone: u32, why: u32, access: u32): bool {
  const record = obligationAt(i);
  const holders = get(record + Obligation.HOLDERS);
  if ((holders & gone) == 0) return false;
  noteObligation(record, access);
  if ((get(record + Obligation.FLAGS) & ObligationFlag.UNRECORDED) != 0) hidden(why);
  if (tracing) traceDischarge(record, holders & gone);
  if (covering) lifecycle(record, currentPc, 0, holders & gone);
  put(record + Obligation.HOLDERS, holders & ~gone);
  if ((holders & ~gone) != 0) return false;
  forget(i);
  return true;
}

/** CPU `cpu` has completed an invalidation for `mm`. `why` (Hidden) names what made it wider than was asked for. */
export function invalidated(cpu: u32, mm: u32, scope: u32, hint: u32, from: u64, to: u64, why: u32): void {
  let i: u32 = 0;
  noteMm(mm, Access.CLEAR);
  while (i < obligationCount()) {
    const record = obligationAt(i);
    const mine = get(record + Obligation.MM) == mm && reached(record, scope, hint, from, to);
    if (mine) leftBehind(record, 1 << cpu, scope, hint, from, to);
    if (!mine || !discharge(i, 1 << cpu, reason(record, scope, from, to, why), Access.CLEAR)) i++;
  }
  const loaded = get(cpuAt(cpu) + Cpu.LOADED_MM) == mm + 1;
  if (scope == Scope.CONTEXT && !loaded) clearBits(mmAt(mm) + Mm.HOLDERS, 1 << cpu);
}

function reason(record: u32, scope: u32, _from: u64, _to: u64, why: u32): u32 {
  if (scope == Scope.CONTEXT) return why != 0 ? why : Hidden.WHOLE_MM;
  const table = (get(record + Obligation.LEVEL) & OBLIGATION_TABLE) != 0;
  return table && scope == Scope.ALL_WALK ? Hidden.INVLPG_WALK : Hidden.OTHER_RECORD;
}

/** CPU `by` has issued a broadcast invalidation: it counts when `by` waits for it. */
export function issued(by: u32, mm: u32, scope: u32, hint: u32, from: u64, to: u64): void {
  if (scope == Scope.CONTEXT) put(cpuAt(by) + Cpu.RUNNERS, usersOf(mm, true));
  // Who is marked depends on who is there; a mark and a discharge can change places.
  noteMm(mm, Access.CLEAR);
  noteIssued(mm, 1 << by, Access.WRITE);
  const count = obligationCount();
  for (let i: u32 = 0; i < count; i++) {
    const record = obligationAt(i);
    if (get(record + Obligation.MM) != mm || !reached(record, scope, hint, from, to)) continue;
    put(record + Obligation.ISSUED, get(record + Obligation.ISSUED) | (1 << by));
  }
}

/** CPU `by` has waited: what it issued is complete on every CPU. */
export function completed(by: u32, mm: u32, scope: u32, hint: u32, from: u64, to: u64, why: u32): void {
  let i: u32 = 0;
  noteIssued(ANYBODY, 1 << by, Access.WRITE);
  while (i < obligationCount()) {
    const record = obligationAt(i);
    const covered = (get(record + Obligation.ISSUED) & (1 << by)) != 0;
    if (covered) leftBehind(record, 0xffffffff, scope, hint, from, to);
    if (!covered || !discharge(i, 0xffffffff, reason(record, scope, from, to, why), Access.WRITE)) i++;
  }
  if (scope != Scope.CONTEXT) return;
  // Only who ran the mm since the TLBI can have filled anything again (G1).
  const runners = cpuAt(by) + Cpu.RUNNERS;
  put(mmAt(mm) + Mm.HOLDERS, get(mmAt(mm) + Mm.HOLDERS) & get(runners));
  put(runners, 0);
}

/** A page is copied: whoever still has the write right that the tables no longer give, writes to the old one (I6). */
export function pageCopied(frame: u32): void {
  const generation = get(frameAt(frame) + Frame.GENERATION);
  noteFrame(ANYBODY, frame, Access.READ);
  for (let i: u32 = 0; i < obligationCount(); i++) {
    const record = obligationAt(i);
    if (get(record + Obligation.FRAME) != frame || get(record + Obligation.GENERATION) != generation) continue;
    if ((get(record + Obligation.FLAGS) & ObligationFlag.RIGHTS) == 0) continue;
    const writers = get(record + Obligation.HOLDERS) & usersOf(get(record + Obligation.MM), false);
    if (writers != 0) violation(Fault.WRITE_LOST, record, writers);
  }
}

/** CPUs that run `mm` now: those in user mode, and the lazy ones too when `withLazy`. */
export function usersOf(mm: u32, withLazy: bool): u32 {
  let users: u32 = 0;
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    const record = cpuAt(cpu);
    if (get(record + Cpu.LOADED_MM) == mm + 1 && (withLazy || get(record + Cpu.LAZY) == 0)) users |= 1 << cpu;
  }
  return users;
}

function isWalk(record: u32): bool {
  const table = (get(record + Obligation.LEVEL) & OBLIGATION_TABLE) != 0;
  return table || (get(record + Obligation.FLAGS) & ObligationFlag.VIA_WALK) != 0;
}

/** Called just before a frame goes back to the allocator. */
export function frameFreed(frame: u32): void {
  mirrorsLose(frame);
  if (kindOf(frame) == <u32>Kind.TABLE) walkersLeft(frame);
  const stale = staleOn(frame);
  if (stale == 0) return;
  if (stale == 1) {
    freed(onlyOn(frame), frame);
    return;
  }
  const count = obligationCount();
  for (let i: u32 = 0; i < count; i++) freed(obligationAt(i), frame);
}

/** A software walker that is inside a table while it is freed reads whatever the table becomes next. */
function walkersLeft(table: u32): void {
  for (let i: u32 = 0; i < tasks; i++) {
    if (get(taskAt(i) + Task.GUP_TABLE) == table + 1) violation(Fault.WALKER_INSIDE, 0, 1);
  }
}

/** The frame is freed: what the obligation says about its present life turns into harm. */
function freed(record: u32, frame: u32): void {
  const generation = get(frameAt(frame) + Frame.GENERATION);
  if (get(record + Obligation.FRAME) != frame || get(record + Obligation.GENERATION) != generation) return;
  const flags = get(record + Obligation.FLAGS);
  if ((flags & ObligationFlag.RIGHTS) != 0) return;
  noteObligation(record, Access.WRITE);
  put(record + Obligation.FLAGS, flags | ObligationFlag.FREED);
  reportUse(record);
}

function reportUse(record: u32): void {
  const walk = isWalk(record);
  const users = get(record + Obligation.HOLDERS) & usersOf(get(record + Obligation.MM), walk);
  if (users != 0) violation(walk ? Fault.STALE_WALK : Fault.STALE_TRANSLATION, record, users);
}

/** `cpu` runs `mm` again, after whatever flush the switch made: latent entries come alive. */
export function mmLoaded(cpu: u32, mm: u32): void {
  setBits(mmAt(mm) + Mm.HOLDERS, 1 << cpu);
  noteMm(mm, Access.READ);
  for (let issuer: u32 = 0; issuer < cpus; issuer++) {
    const runners = cpuAt(issuer) + Cpu.RUNNERS;
    const isOpen = get(cpuAt(issuer) + Cpu.ISSUED) != 0 && get(cpuAt(issuer) + Cpu.REQUEST_MM) == mm + 1;
    const isWhole = (get(cpuAt(issuer) + Cpu.ISSUED_SCOPE) & 255) == <u32>Scope.CONTEXT;
    if (isOpen && isWhole) put(runners, get(runners) | (1 << cpu));
  }
  const count = obligationCount();
  for (let i: u32 = 0; i < count; i++) {
    const record = obligationAt(i);
    if (get(record + Obligation.MM) != mm || (get(record + Obligation.HOLDERS) & (1 << cpu)) == 0) continue;
    if ((get(record + Obligation.FLAGS) & ObligationFlag.FREED) != 0) reportUse(record);
  }
}

/** A write lock is about to be dropped: nothing that it guards may still be held by anyone. */
export function guardDropped(lock: u32): void {
  noteGuard(ANYBODY, lock, Access.READ);
  const count = obligationCount();
  for (let i: u32 = 0; i < count; i++) {
    const record = obligationAt(i);
    if (get(record + Obligation.GUARD) != lock) continue;
    noteGuard(get(record + Obligation.MM), lock, Access.WRITE);
    put(record + Obligation.GUARD, 0);
    // A CPU that keeps the entry under a tag that it does not use now is latent: mmLoaded() judges it when it does.
    // So is a lazy one that keeps a leaf; through a pointer it may walk at any time.
    const users = get(record + Obligation.HOLDERS) & usersOf(get(record + Obligation.MM), isWalk(record));
    if (users != 0) violation(Fault.FLUSH_AFTER_UNLOCK, record, users);
  }
}

/** What is wrong with a record: its span lies outside (2), or only its level was not recorded (1). */
const enum Missing {
  NOTHING,
  LEVEL,
  SPAN,
}

function missing(record: u32, from: u64, to: u64, withTables: bool): u32 {
  const start = getLong(record + Obligation.START);
  const level = get(record + Obligation.LEVEL);
  const end = start + pagesOf(level & 15);
  const table = (level & OBLIGATION_TABLE) != 0;
  // One address on the path is enough for a table entry; a leaf must lie inside as a whole.
  const inside = table ? start < to && from < end : from <= start && end <= to;
  if (!inside) return Missing.SPAN;
  return withTables || !table ? Missing.NOTHING : Missing.LEVEL;
}

/** A flush of [from, to) is about to happen for what this agent cleared in `mm`: is all of it inside? */
export function checkRecorded(mm: u32, from: u64, to: u64, withTables: bool, whole: bool): void {
  // To have been told is of interest to the same agent alone.
  noteBy(mm, currentAgent + 1, Access.READ);
  const count = obligationCount();
  let worst: u32 = Missing.NOTHING;
  let about: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const record = obligationAt(i);
    if (get(record + Obligation.BY) != currentAgent + 1 || get(record + Obligation.MM) != mm) continue;
    const flags = get(record + Obligation.FLAGS);
    if ((flags & (ObligationFlag.UNRECORDED | ObligationFlag.VIA_WALK)) != 0) continue;
    const wrong = whole ? <u32>Missing.NOTHING : missing(record, from, to, withTables);
    if (wrong == Missing.NOTHING) {
      // The flush that follows is for it: if a lazy CPU keeps it, that is not the next flush's business.
      put(record + Obligation.BY, 0);
      continue;
    }
    put(record + Obligation.FLAGS, flags | ObligationFlag.UNRECORDED);
    if (wrong > worst) about = record;
    worst = max(worst, wrong);
  }
  if (about != 0) violation(Fault.RANGE_NOT_RECORDED, about, worst == Missing.LEVEL ? 1 : 0);
}

/** A call on `mm` over [from, to) returns; `writes`: it promised only that nobody stores there any more. */
export function callReturned(mm: u32, from: u64, to: u64, writes: bool): void {
  if (from >= to) return;
  const record = owedIn(mm, from, to, usersOf(mm, false), writes);
  if (record == 0 || (get(record + Obligation.FLAGS) & ObligationFlag.REPORTED) != 0) return;
  noteObligation(record, Access.WRITE);
  put(record + Obligation.FLAGS, get(record + Obligation.FLAGS) | ObligationFlag.REPORTED);
  violation(Fault.RIGHTS_OUTLIVE_CALL, record, get(record + Obligation.HOLDERS));
}
