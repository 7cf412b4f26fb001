/**
 * What a run came to, as one number, and the set of what all runs of a search came to. Two listings that always come to
 * the same are the same to a program, whatever they do on the way.
 */

import { Boot } from "./abi/layout";
import { Entry, FileRecord, Frame, Kind, Mm, Rest, Vma } from "./abi/records";
import { Task } from "./abi/tasks";
import { firstFrame, Pool, poolOf } from "./hw/frames";
import { entriesOf, frameOf, isTableEntry } from "./hw/tables";
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
  taskAt,
  tasks,
  vmaAt,
  vmas,
} from "./word";

function framesEnd(): u32 {
  return firstFrame(Pool.HUGE) + boot(Boot.HUGE_FRAMES);
}

const M1: u64 = 0x9e3779b97f4a7c15;
const M2: u64 = 0xd6e8feb86659fd93;

function fold(hash: u64, word: u64): u64 {
  return rotl<u64>((hash ^ word) * M1, 31) * M2;
}

/** A page by what it holds and how it is counted, not by its number. */
function pageOutcome(frame: u32): u64 {
  const record = frameAt(frame);
  const owner = fold(<u64>kindOf(frame), ownerOf(frame));
  return fold(
    fold(fold(owner, get(record + Frame.REFERENCES)), get(record + Frame.MAPS)),
    get(restAt(frame) + Rest.VALUE),
  );
}

/** A table by its entries and what they lead to. */
function tableOutcome(frame: u32, level: u32): u64 {
  let h = fold(fold(M1, get(frameAt(frame) + Frame.REFERENCES)), get(restAt(frame) + Rest.SHARE));
  for (let i: u32 = 0; i < entriesOf(level); i++) {
    const entry = get(tableAt(frame) + i);
    const flags = entry & ((1 << Entry.SHIFT) - 1);
    if ((entry & Entry.PRESENT) == 0) h = fold(h, flags);
    else if (isTableEntry(entry) && level > 0) h = fold(h, tableOutcome(frameOf(entry), level - 1));
    else h = fold(fold(h, flags), pageOutcome(frameOf(entry)));
  }
  return h;
}

function vmaOutcome(vma: u32): u64 {
  let h = fold(fold(M2, getLong(vma + Vma.START)), getLong(vma + Vma.END));
  h = fold(fold(h, get(vma + Vma.FLAGS)), getLong(vma + Vma.OFFSET));
  h = fold(fold(h, get(vma + Vma.MM)), get(vma + Vma.FILE));
  return fold(fold(h, get(vma + Vma.DETACHED)), get(vma + Vma.IN_TREE));
}

/**
 * What the run came to, as far as a program or the next caller can see it: page tables, pages with their counts, files,
 * VMAs, signals, what loads saw, and how many frames are in use. Which frame it was, and generations, are left out.
 */
export function outcome(): u64 {
  let h: u64 = M1;
  for (let mm: u32 = 0; mm < mms; mm++) h = fold(h, tableOutcome(get(mmAt(mm) + Mm.PGD), levels - 1));
  for (let file: u32 = 0; file < boot(Boot.FILES); file++) {
    h = fold(h, get(fileAt(file) + FileRecord.SIZE));
    for (let i: u32 = 0; i < boot(Boot.FILE_PAGES); i++) {
      const page = get(fileAt(file) + FileRecord.WORDS + i);
      h = fold(h, page == 0 ? 0 : pageOutcome(page));
    }
  }
  let used: u64 = 0;
  for (let frame: u32 = 1; frame < framesEnd(); frame++) {
    if (kindOf(frame) != Kind.FREE) used += (<u64>1) << ((<u64>poolOf(frame)) << 4);
  }
  let spaces: u64 = 0;
  for (let i: u32 = 0; i < vmas; i++) if (get(vmaAt(i) + Vma.MM) != 0) spaces += vmaOutcome(vmaAt(i));
  h = fold(fold(h, used), spaces);
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
