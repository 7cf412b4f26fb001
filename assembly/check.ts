/**
 * Trip-wires at the end of a run, when nobody is under way: every count must be what the tables and files say, and
 * nothing may be left over (I8). And what the run came to: its outcome.
 *
 * Invariants
 *   C1  A page has one map count for each entry that maps it, one reference for each, and one if a file caches it.
 *   C2  A table is counted once for each entry that points to it, by references or by pt_share_count.
 *   C3  No lock is held, no gather open, no VMA detached and forgotten.
 *
 * Reference: kernel.md section 7.2, I8 [D].
 */

import { Fault } from "./abi/events";
import { Boot } from "./abi/layout";
import { Entry, FileRecord, Frame, Kind, Mm, Vma } from "./abi/records";
import { Task } from "./abi/tasks";
import { violation } from "./ghost/report";
import { firstFrame, Pool } from "./hw/frames";
import { frameOf } from "./hw/tables";
import { boot, fileAt, frameAt, get, mmAt, mms, tableAt, tableWords, taskAt, tasks, vmaAt, vmas } from "./word";

/** Details of UNBALANCED, continued: src/names.ts has the sentences. */
const enum Left {
  MAPS = 20,
  REFERENCES,
  SHARERS,
  TABLE,
  LOCK,
  GATHER,
  VMA,
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
  const leaf: u32 = Entry.PRESENT | Entry.LEAF;
  let count: u32 = 0;
  for (let table: u32 = 1; table < firstFrame(Pool.BASE); table++) {
    if (get(frameAt(table) + Frame.KIND) != Kind.TABLE || isMirror(get(frameAt(table) + Frame.OWNER))) continue;
    for (let i: u32 = 0; i < tableWords; i++) {
      const entry = get(tableAt(table) + i);
      if ((entry & leaf) == leaf && frameOf(entry) == frame) count++;
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
  const entries = entriesOn(frame);
  if (get(record + Frame.MAPS) != entries) violation(Fault.UNBALANCED, 0, Left.MAPS);
  if (get(record + Frame.REFERENCES) != entries + cached(frame)) violation(Fault.UNBALANCED, 0, Left.REFERENCES);
}

function auditTable(frame: u32): void {
  const record = frameAt(frame);
  const parents = get(record + Frame.PARENTS);
  if (parents == 0) violation(Fault.UNBALANCED, 0, Left.TABLE);
  if (get(record + Frame.REFERENCES) + get(record + Frame.SHARE) != parents)
    violation(Fault.UNBALANCED, 0, Left.SHARERS);
}

function auditFrames(): void {
  for (let frame: u32 = 1; frame < framesEnd(); frame++) {
    const kind = get(frameAt(frame) + Frame.KIND);
    if (kind == Kind.PAGE) auditPage(frame);
    else if (kind == Kind.TABLE && !isRoot(frame)) auditTable(frame);
    if (get(frameAt(frame) + Frame.LOCK) != 0) violation(Fault.UNBALANCED, 0, Left.LOCK);
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

/** Every task has finished: is anything out of balance? */
export function audit(): void {
  auditFrames();
  auditSpaces();
}

const M1: u64 = 0x9e3779b97f4a7c15;
const M2: u64 = 0xd6e8feb86659fd93;

function fold(hash: u64, word: u32): u64 {
  return rotl<u64>((hash ^ <u64>word) * M1, 31) * M2;
}

function foldAll(hash: u64, from: u32, count: u32): u64 {
  let h = hash;
  for (let i: u32 = 0; i < count; i++) h = fold(h, get(from + i));
  return h;
}

/**
 * What the run came to, as far as a program or the next caller can see it: tables, pages with their counts, files,
 * VMAs, signals, and what loads saw. Generations of flushes and of frames are left out: they say how, not what.
 */
export function outcome(): u64 {
  let h: u64 = M1;
  for (let frame: u32 = 1; frame < framesEnd(); frame++) {
    const record = frameAt(frame);
    h = foldAll(h, record + Frame.KIND, Frame.GENERATION - Frame.KIND);
    h = fold(fold(h, get(record + Frame.PARENTS)), get(record + Frame.SHARE));
    if (get(record + Frame.KIND) == Kind.TABLE) h = foldAll(h, tableAt(frame), tableWords);
  }
  for (let file: u32 = 0; file < boot(Boot.FILES); file++) {
    h = foldAll(h, fileAt(file), <u32>FileRecord.WORDS + boot(Boot.FILE_PAGES));
  }
  for (let i: u32 = 0; i < vmas; i++) h = foldAll(h, vmaAt(i), Vma.WORDS);
  for (let i: u32 = 0; i < tasks; i++) h = fold(fold(h, get(taskAt(i) + Task.SIGNAL)), get(taskAt(i) + Task.VALUE));
  return h ^ (h >> 32);
}

/** Distinct outcomes of a search: a small set of 64-bit hashes, and their sum, which no order changes. */
const OUTCOMES_MAX: u32 = 1024;
const outcomes = memory.data(1024 * 8);
let outcomeCount: u32 = 0;
let outcomeSum: u64 = 0;

/** Distinct outcomes so far; OUTCOMES_MAX + 1 when there were more than can be told apart. */
export function outcomesSeen(): u32 {
  return outcomeCount;
}

/** Their sum: two searches with the same number and the same sum came to the same things. */
export function outcomesSum(): u64 {
  return outcomeSum;
}

export function forgetOutcomes(): void {
  memory.fill(outcomes, 0, OUTCOMES_MAX << 3);
  outcomeCount = 0;
  outcomeSum = 0;
}

export function noteOutcome(): void {
  if (outcomeCount > OUTCOMES_MAX) return;
  const key = outcome() | 1;
  let slot = <u32>(key >> 20) & (OUTCOMES_MAX - 1);
  for (let tries: u32 = 0; tries < OUTCOMES_MAX; tries++) {
    const at = outcomes + (slot << 3);
    if (load<u64>(at) == key) return;
    if (load<u64>(at) == 0) {
      store<u64>(at, key);
      outcomeCount++;
      outcomeSum += key;
      return;
    }
    slot = (slot + 1) & (OUTCOMES_MAX - 1);
  }
  outcomeCount = OUTCOMES_MAX + 1;
}
