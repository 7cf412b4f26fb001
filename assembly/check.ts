/**
 * Trip-wires at the end of a run, when nobody is under way: every count must be what the tables and files say, and
 * nothing may be left over (I8).
 *
 * Invariants
 *   C1  A page has one map count for each entry that maps it, one reference for each, and one if a file caches it.
 *   C2  A table is counted once for each entry that points to it, by references or by pt_share_count.
 *   C3  No lock is held, no gather open, no VMA detached and forgotten.
 *   C4  An entry that maps a page lies inside a VMA of its mm, and a table covers a part of one.
 *
 * Reference: kernel.md section 7.2, I8 [D].
 */

import { Fault } from "./abi/events";
import { Boot } from "./abi/layout";
import { Entry, FileRecord, Frame, Kind, Mm, OWNER_UNCOUNTED, Rest, Vma } from "./abi/records";
import { violation } from "./ghost/report";
import { firstFrame, Pool } from "./hw/frames";
import { entriesOf, frameOf, isTableEntry, pagesOf } from "./hw/tables";
import {
  boot,
  fileAt,
  frameAt,
  get,
  getLong,
  kindOf,
  levels,
  mmAt,
  mms,
  ownerOf,
  restAt,
  tableAt,
  tableWords,
  vmaAt,
  vmas,
} from "./word";

/** Details of UNBALANCED, continued: src/names.ts has the sentences. */
const enum Left {
  MAPS = 20,
  REFERENCES,
  SHARERS,
  TABLE,
  LOCK,
  GATHER,
  VMA,
  OUTSIDE,
  EMPTY,
}

function framesEnd(): u32 {
  return firstFrame(Pool.HUGE) + boot(Boot.HUGE_FRAMES);
}

/** Tables of a secondary MMU map pages without a count. */
function isMirror(owner: u32): bool {
  return owner != 0 && owner <= mms && get(mmAt(owner - 1) + Mm.MIRRORS) != 0;
}

/** Entries of live tables that map the page. */
function entriesOn(frame: u32): u32 {
  let count: u32 = 0;
  for (let table: u32 = 1; table < firstFrame(Pool.BASE); table++) {
    if (kindOf(table) != Kind.TABLE || isMirror(ownerOf(table))) continue;
    for (let i: u32 = 0; i < tableWords; i++) {
      const entry = get(tableAt(table) + i);
      const mapped = (entry & (Entry.PRESENT | Entry.PROTNONE)) != 0;
      if (mapped && (entry & Entry.LEAF) != 0 && frameOf(entry) == frame) count++;
    }
  }
  return count;
}

function cached(frame: u32): u32 {
  let count: u32 = 0;
  for (let file: u32 = 0; file < boot(Boot.FILES); file++) {
    for (let i: u32 = 0; i < boot(Boot.FILE_PAGES); i++) {
      if (get(fileAt(file) + FileRecord.WORDS + i) == frame) count++;
    }
  }
  return count;
}

function isRoot(frame: u32): bool {
  for (let mm: u32 = 0; mm < mms; mm++) if (get(mmAt(mm) + Mm.PGD) == frame) return true;
  return false;
}

function auditPage(frame: u32): void {
  const record = frameAt(frame);
  if (ownerOf(frame) >= OWNER_UNCOUNTED) return;
  const entries = entriesOn(frame);
  if (get(record + Frame.MAPS) != entries) violation(Fault.UNBALANCED, 0, Left.MAPS);
  if (get(record + Frame.REFERENCES) != entries + cached(frame)) violation(Fault.UNBALANCED, 0, Left.REFERENCES);
}

function auditTable(frame: u32): void {
  // A deposited table belongs to a huge page.
  if (ownerOf(frame) >= OWNER_UNCOUNTED) return;
  const rest = restAt(frame);
  const parents = get(rest + Rest.PARENTS);
  if (parents == 0) violation(Fault.UNBALANCED, 0, Left.TABLE);
  if (get(frameAt(frame) + Frame.REFERENCES) + get(rest + Rest.SHARE) != parents)
    violation(Fault.UNBALANCED, 0, Left.SHARERS);
}

function auditFrames(): void {
  for (let frame: u32 = 1; frame < framesEnd(); frame++) {
    const kind = kindOf(frame);
    if (kind == Kind.PAGE) auditPage(frame);
    else if (kind == Kind.TABLE && !isRoot(frame)) auditTable(frame);
    if (get(restAt(frame) + Rest.LOCK) != 0) violation(Fault.UNBALANCED, 0, Left.LOCK);
  }
}

function auditSpaces(): void {
  for (let mm: u32 = 0; mm < mms; mm++) {
    const record = mmAt(mm);
    if ((get(record + Mm.MMAP_LOCK) | get(record + Mm.PAGE_TABLE_LOCK)) != 0) violation(Fault.UNBALANCED, 0, Left.LOCK);
    if (get(record + Mm.FLUSH_PENDING) != 0) violation(Fault.UNBALANCED, 0, Left.GATHER);
  }
  for (let i: u32 = 0; i < vmas; i++) {
    const vma = vmaAt(i);
    if (get(vma + Vma.MM) == 0) continue;
    if (get(vma + Vma.DETACHED) != 0) violation(Fault.UNBALANCED, 0, Left.VMA);
    if (get(vma + Vma.LOCK) != 0) violation(Fault.UNBALANCED, 0, Left.LOCK);
  }
  for (let file: u32 = 0; file < boot(Boot.FILES); file++) {
    const record = fileAt(file);
    if ((get(record + FileRecord.I_MMAP) | get(record + FileRecord.FAULT_MUTEX)) != 0)
      violation(Fault.UNBALANCED, 0, Left.LOCK);
  }
}

function inVma(mm: u32, start: u64, pages: u64): bool {
  for (let i: u32 = 0; i < vmas; i++) {
    const vma = vmaAt(i);
    if (get(vma + Vma.MM) != mm + 1) continue;
    if (getLong(vma + Vma.START) < start + pages && start < getLong(vma + Vma.END)) return true;
  }
  return false;
}

/** Entries and tables below `table` that no VMA accounts for. */
function auditTree(mm: u32, table: u32, level: u32, base: u64): void {
  const pages = pagesOf(level);
  for (let i: u32 = 0; i < entriesOf(level); i++) {
    const entry = get(tableAt(table) + i);
    if ((entry & Entry.PRESENT) == 0) continue;
    const start = base + <u64>i * pages;
    const isTable = isTableEntry(entry) && level > 0;
    if (!inVma(mm, start, pages)) violation(Fault.UNBALANCED, 0, isTable ? Left.EMPTY : Left.OUTSIDE);
    if (isTable) auditTree(mm, frameOf(entry), level - 1, start);
  }
}

/** Every task has finished: is anything out of balance? */
export function audit(): void {
  auditFrames();
  auditSpaces();
  for (let mm: u32 = 0; mm < mms; mm++) {
    // A secondary MMU has no VMAs.
    if (get(mmAt(mm) + Mm.MIRRORS) == 0) auditTree(mm, get(mmAt(mm) + Mm.PGD), levels - 1, 0);
  }
}
