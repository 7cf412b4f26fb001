/**
 * The oracle: what any hardware may still hold although the page tables no longer say so.
 *
 * Protocol
 *   An entry that is cleared, replaced or loses rights gives birth to an obligation that names who may hold it. A CPU
 *   that completes an invalidation which reaches the entry is discharged; a later fill cannot bring the old entry back.
 *   What remains when a frame is freed, a lock is dropped or a call returns is a violation.
 *
 * Invariants
 *   G1  Holders are CPUs that have had the mm loaded since they last dropped its whole context (Mm.HOLDERS).
 *   G2  A leaf that is cleared in a table is owed by every mm that reaches the table: through a present parent, or
 *       through a table obligation that still has holders (flag VIA_WALK).
 *   G3  An invalidation that was issued before the birth discharges nothing: ISSUED is cleared at birth.
 *   G4  While a table obligation has a holder, what its table has now is owed by implication: the holder may fill it at
 *       any moment. When the pointer goes, what goes not with it becomes an obligation of its own.
 *
 * Believes the hardware: it reads tables and completed invalidations, never the kernel's own bookkeeping.
 */

import { EventKind, Sometimes } from "../abi/events";
import { Boot } from "../abi/layout";
import { Scope } from "../abi/operands";
import { Cpu, Entry, Frame, Globals, Mm, Rest, Tally, Vma, VmaFlag } from "../abi/records";
import { OBLIGATION_TABLE, Obligation, ObligationFlag } from "../abi/tasks";
import { reachesLeaf, reachesWalk } from "../hw/invalidate";
import { alignDown, entriesOf, frameOf, isTableEntry, pagesOf, slotOf, slotTable } from "../hw/tables";
import {
  add,
  boot,
  bulk,
  cpuAt,
  cpus,
  frameAt,
  get,
  getLong,
  globalWord,
  hasOracle,
  mmAt,
  obligationAt,
  poke,
  put,
  putLong,
  restAt,
  tableAt,
  tally,
  tracing,
  vmaAt,
  vmas,
} from "../word";
import { Access, ANYBODY, noteDue, noteIssued, noteMm, noteObligation } from "./cells";
import { countOn, findEqual, moverIn, obligationCount, staleOn } from "./lookup";
import { currentAgent, event, sometimes } from "./report";

export { forget, obligationCount } from "./lookup";

/** An empty record for a new obligation, or 0 when there is no room: then the oracle has lost its memory. */
function newRecord(mm: u32, start: u64, level: u32, frame: u32, flags: u32): u32 {
  const count = obligationCount();
  if (count >= boot(Boot.OBLIGATIONS)) {
    add(tally(Tally.OVERFLOW), 1);
    return 0;
  }
  poke(globalWord(Globals.OBLIGATIONS), count + 1);
  const record = obligationAt(count);
  put(record + Obligation.MM, mm);
  putLong(record + Obligation.START, start);
  put(record + Obligation.LEVEL, level);
  put(record + Obligation.FRAME, frame);
  put(record + Obligation.GENERATION, get(frameAt(frame) + Frame.GENERATION));
  put(record + Obligation.HOLDERS, 0);
  put(record + Obligation.FLAGS, flags);
  put(record + Obligation.GUARD, 0);
  put(record + Obligation.DUE, 0);
  countOn(frame, 1);
  return record;
}

/** Adds an obligation of the task that moves, or joins it to an equal one. */
function owe(mm: u32, start: u64, level: u32, frame: u32, holders: u32, guard: u32, flags: u32): void {
  oweFor(moverIn(mm), mm, start, level, frame, holders, guard, flags, 0);
}

/** `due`: who answers for it. `issued` is zero unless a stale walk reached the entry. */
function oweFor(
  due: u32,
  mm: u32,
  start: u64,
  level: u32,
  frame: u32,
  holders: u32,
  guard: u32,
  flags: u32,
  issued: u32,
): void {
  if (holders == 0) return;
  let record = findEqual(mm, start, level, frame, flags & ~(<u32>ObligationFlag.GLOBAL));
  if (record == 0) record = newRecord(mm, start, level, frame, flags);
  else noteObligation(record, Access.WRITE);
  if (record == 0) return;
  put(record + Obligation.HOLDERS, get(record + Obligation.HOLDERS) | holders);
  put(record + Obligation.ISSUED, issued);
  put(record + Obligation.BY, currentAgent + 1);
  put(record + Obligation.DUE, get(record + Obligation.DUE) | due);
  if (guard != 0) put(record + Obligation.GUARD, guard);
  put(record + Obligation.BIRTH, get(tally(Tally.STEPS)));
  noteObligation(record, Access.WRITE);
  sometimes(Sometimes.REMOTE_HOLDER);
  if (tracing) event(EventKind.OWED, holders, mm, start, start + pagesOf(level & 15), frame, level | (flags << 8));
}

function holdersOf(mm: u32): u32 {
  return get(mmAt(mm) + Mm.HOLDERS);
}

/**
 * Called before the entry at `slot` of `table` (level `level`, reached by `mm` at `vpn`) is cleared or replaced.
 * `guard` is the lock that keeps the frame alive until the flush, or 0.
 */
export function entryCleared(mm: u32, vpn: u64, level: u32, table: u32, slot: u32, guard: u32): void {
  const entry = get(slot);
  if ((entry & Entry.PRESENT) == 0 || bulk) return;
  lost(mm, vpn, level, table, entry, guard, 0);
}

/** Called before the entry loses its write right. */
export function rightsLost(mm: u32, vpn: u64, level: u32, table: u32, slot: u32, guard: u32): void {
  if (!bulk) lost(mm, vpn, level, table, get(slot), guard, ObligationFlag.RIGHTS);
}

function lost(mm: u32, vpn: u64, level: u32, table: u32, entry: u32, guard: u32, flags: u32): void {
  if (!hasOracle) return;
  const start = alignDown(vpn, level);
  if (isTableEntry(entry)) {
    subtreeCleared(mm, start, level, frameOf(entry), guard);
    return;
  }
  // A clean entry cannot be stored through without a walk, which finds the write right gone.
  const stores = (entry & (Entry.WRITE | Entry.DIRTY)) == (Entry.WRITE | Entry.DIRTY);
  if (flags == ObligationFlag.RIGHTS && level == 0 && !stores) return;
  const global = (entry & Entry.GLOBAL) != 0 ? <u32>ObligationFlag.GLOBAL : 0;
  const what = flags | global | (stores ? <u32>ObligationFlag.STORES : 0);
  if (get(restAt(table) + Rest.PARENTS) <= 1) {
    if (reaches(mm, start, level, table)) owe(mm, start, level, frameOf(entry), holdersOf(mm), guard, what);
  } else {
    sharersOwe(start, level, table, entry, guard, what);
  }
  if (staleOn(table) != 0) staleParentsOwe(start, level, table, entry, what);
}

function reaches(mm: u32, start: u64, level: u32, table: u32): bool {
  return slotOf(get(mmAt(mm) + Mm.PGD), start, level) != 0 && slotTable == table;
}

/** The table entry at `start` of `mm` is going: hardware may keep the pointer, and every leaf below it. */
function subtreeCleared(mm: u32, start: u64, level: u32, child: u32, guard: u32): void {
  const holders = holdersOf(mm);
  owe(mm, start, level | OBLIGATION_TABLE, child, holders, guard, 0);
  if (holders == 0) return;
  const below = level - 1;
  const first = tableAt(child);
  const count = entriesOf(below);
  for (let i: u32 = 0; i < count; i++) {
    const entry = get(first + i);
    if ((entry & Entry.PRESENT) == 0) continue;
    const at = start + <u64>i * pagesOf(below);
    if (isTableEntry(entry)) subtreeCleared(mm, at, below, frameOf(entry), guard);
    else owe(mm, at, below, frameOf(entry), holders, guard, 0);
  }
}

/** Every mm whose present tables reach `table` owes the leaf, each at its own address. */
function sharersOwe(start: u64, level: u32, table: u32, entry: u32, guard: u32, flags: u32): void {
  const span = pagesOf(level + 1);
  const offset = start & (span - 1);
  for (let i: u32 = 0; i < vmas; i++) {
    const vma = vmaAt(i);
    if (get(vma + Vma.MM) == 0 || (get(vma + Vma.FLAGS) & VmaFlag.HUGETLB) == 0) continue;
    const mm = get(vma + Vma.MM) - 1;
    let at = alignDown(getLong(vma + Vma.START), level + 1);
    const end = getLong(vma + Vma.END);
    while (at < end) {
      if (reaches(mm, at, level, table)) owe(mm, at + offset, level, frameOf(entry), holdersOf(mm), guard, flags);
      at += span;
    }
  }
}

/** Every holder of a stale pointer to `table` may have read the leaf through it. */
function staleParentsOwe(start: u64, level: u32, table: u32, entry: u32, flags: u32): void {
  const offset = start & (pagesOf(level + 1) - 1);
  const generation = get(frameAt(table) + Frame.GENERATION);
  const count = obligationCount();
  noteDue(ANYBODY, ANYBODY, Access.READ);
  noteIssued(ANYBODY, ANYBODY, Access.READ);
  for (let i: u32 = 0; i < count; i++) {
    const parent = obligationAt(i);
    if (get(parent + Obligation.FRAME) != table || get(parent + Obligation.GENERATION) != generation) continue;
    if ((get(parent + Obligation.LEVEL) & OBLIGATION_TABLE) == 0) continue;
    const at = getLong(parent + Obligation.START) + offset;
    const holders = get(parent + Obligation.HOLDERS);
    const issued = issuedForBoth(get(parent + Obligation.ISSUED), at, level);
    const due = get(parent + Obligation.DUE);
    const mm = get(parent + Obligation.MM);
    oweFor(due, mm, at, level, frameOf(entry), holders, 0, flags | ObligationFlag.VIA_WALK, issued);
  }
}

/**
 * Of the CPUs whose broadcast already covers the stale pointer, those whose broadcast covers this leaf too. When it
 * arrives it drops both at once, and without the pointer the leaf cannot be read again: G3 does not apply.
 */
function issuedForBoth(pointerIssued: u32, start: u64, level: u32): u32 {
  let both: u32 = 0;
  for (let by: u32 = 0; by < cpus; by++) {
    const cpu = cpuAt(by);
    if ((pointerIssued & (1 << by)) == 0) continue;
    const scope = get(cpu + Cpu.ISSUED_SCOPE) & 255;
    const from = getLong(cpu + Cpu.REQUEST_START);
    const to = getLong(cpu + Cpu.REQUEST_END);
    if (reachesLeaf(scope, get(cpu + Cpu.ISSUED_HINT), from, to, start, level)) both |= 1 << by;
  }
  return both;
}

/**
 * `holders` lose the stale pointer of `record` to an invalidation: what its table has now, they may have filled through
 * it at any moment, and what the invalidation does not reach they keep (G4).
 */
export function leftBehind(record: u32, holders: u32, scope: u32, hint: u32, from: u64, to: u64): void {
  const level = get(record + Obligation.LEVEL);
  const lost = get(record + Obligation.HOLDERS) & holders;
  const table = get(record + Obligation.FRAME);
  if ((level & OBLIGATION_TABLE) == 0 || scope == Scope.CONTEXT || lost == 0) return;
  if (get(frameAt(table) + Frame.GENERATION) != get(record + Obligation.GENERATION)) return;
  noteDue(get(record + Obligation.MM), ANYBODY, Access.READ);
  dueForRest = get(record + Obligation.DUE);
  tableLeft(
    get(record + Obligation.MM),
    getLong(record + Obligation.START),
    level & 15,
    table,
    lost,
    scope,
    hint,
    from,
    to,
  );
}

function tableLeft(
  mm: u32,
  start: u64,
  level: u32,
  table: u32,
  lost: u32,
  scope: u32,
  hint: u32,
  from: u64,
  to: u64,
): void {
  const below = level - 1;
  const count = entriesOf(below);
  for (let i: u32 = 0; i < count; i++) {
    const entry = get(tableAt(table) + i);
    if ((entry & Entry.PRESENT) == 0) continue;
    const at = start + <u64>i * pagesOf(below);
    const frame = frameOf(entry);
    if (isTableEntry(entry)) {
      if (!reachesWalk(scope, hint, from, to, at, below)) oweRest(mm, at, below | OBLIGATION_TABLE, frame, lost);
      tableLeft(mm, at, below, frame, lost, scope, hint, from, to);
    } else if (!reachesLeaf(scope, hint, from, to, at, below)) oweRest(mm, at, below, frame, lost);
  }
}

/** Owes what no obligation says yet; what one says may have been filled again since any TLBI that is under way (G3). */
function oweRest(mm: u32, start: u64, level: u32, frame: u32, holders: u32): void {
  const generation = get(frameAt(frame) + Frame.GENERATION);
  const count = obligationCount();
  let rest = holders;
  noteMm(mm, Access.READ);
  for (let i: u32 = 0; i < count; i++) {
    const other = obligationAt(i);
    if (get(other + Obligation.FRAME) != frame || getLong(other + Obligation.START) != start) continue;
    if (get(other + Obligation.MM) != mm || get(other + Obligation.LEVEL) != level) continue;
    if (get(other + Obligation.GENERATION) != generation) continue;
    if ((get(other + Obligation.FLAGS) & ObligationFlag.RIGHTS) != 0) continue;
    if ((get(other + Obligation.HOLDERS) & holders) == 0) continue; // not `rest`: their order must not matter
    noteObligation(other, Access.WRITE);
    put(other + Obligation.ISSUED, 0);
    rest &= ~get(other + Obligation.HOLDERS);
  }
  oweFor(dueForRest, mm, start, level, frame, rest, 0, ObligationFlag.VIA_WALK, 0);
}

/** Who answers for what a discharged pointer leaves behind: who answered for the pointer. */
let dueForRest: u32 = 0;
