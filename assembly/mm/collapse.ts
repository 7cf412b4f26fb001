/**
 * khugepaged: base pages are copied into one huge page, and their table is kept with it (deposited).
 *
 * Protocol
 *   The table is out of the mm and flushed when its pages are looked at: a page with more references than its one
 *   mapping is in use by somebody, and nothing is collapsed. Pages that passed are taken from whoever else could find
 *   them; from then on a reference that a software walker believes in is to a page that the mm is about to lose.
 *   The deposited table is freed with the mapping of the huge page, at once.
 *
 * Reference: mm/khugepaged.c collapse_huge_page, __collapse_huge_page_isolate, __collapse_huge_page_copy;
 * mm/huge_memory.c zap_deposited_table [T: 70cbc3cc78a9, 2ba99c5e0881; M].
 */
import { EventKind } from "../abi/events";
import { Reg } from "../abi/operands";
import { Entry, Frame, Kind, Mm, OWNER_ISOLATED, OWNER_UNCOUNTED, Rest } from "../abi/records";
import { event, isNull, Missing } from "../ghost/report";
import { pageCopied } from "../ghost/rules";
import { allocate, liveEntries, Pool, poolOf, setUse } from "../hw/frames";
import { entriesOf, frameOf, isTableEntry, makeEntry, writeEntry } from "../hw/tables";
import { add, frameAt, get, mmAt, ownerOf, put, reg, regWord, restAt, setReg, tableAt } from "../word";
import { putPage } from "./pages";

/** Entries of the table that ENTRY points to; 0 without a table. */
export function liveBelow(task: u32): u32 {
  const slot = regWord(task, Reg.ENTRY);
  return slot != 0 && isTableEntry(get(slot)) ? liveEntries(frameOf(get(slot))) : 0;
}

/** PAGE := a fresh huge page of MM; 7 without memory. */
export function allocHuge(task: u32): u32 {
  const mm = regWord(task, Reg.MM);
  const frame = allocate(Pool.HUGE, Kind.PAGE, mm + 1);
  if (frame == 0) return 7;
  event(EventKind.ALLOCATED, 0, mm + 1, 0, 0, frame, Pool.HUGE);
  setReg(task, Reg.PAGE, frame);
  return 0;
}

function isAlone(page: u32, owner: u32): bool {
  const record = frameAt(page);
  return ownerOf(page) == owner && get(record + Frame.REFERENCES) == 1 && get(record + Frame.MAPS) == 1;
}

/** Takes the pages of table `table` from everybody else, or none of them when one is in use or there is none. */
export function isolate(task: u32, table: u32): bool {
  const count = entriesOf(0);
  let any = false;
  for (let i: u32 = 0; i < count; i++) {
    const entry = get(tableAt(table) + i);
    if (entry == 0) continue;
    if ((entry & Entry.PRESENT) == 0 || !isAlone(frameOf(entry), regWord(task, Reg.MM) + 1)) return false;
    any = true;
  }
  for (let i: u32 = 0; i < count; i++) {
    const entry = get(tableAt(table) + i);
    if (entry != 0) setUse(frameOf(entry), Kind.PAGE, OWNER_ISOLATED);
  }
  return any;
}

/** Copies the next page of table `table` into huge page INDEX; its entry is to be cleared next. False at the end. */
export function copyNext(task: u32, table: u32): bool {
  const count = entriesOf(0);
  for (let i: u32 = 0; i < count; i++) {
    const slot = tableAt(table) + i;
    if (get(slot) == 0) continue;
    const page = frameOf(get(slot));
    pageCopied(page);
    put(restAt(regWord(task, Reg.INDEX)) + Rest.VALUE, get(restAt(page) + Rest.VALUE));
    setReg(task, Reg.PAGE, page);
    setReg(task, Reg.ENTRY, slot);
    setReg(task, Reg.TABLE, table);
    setReg(task, Reg.ADDRESS, reg(task, Reg.START) + <u64>i);
    return true;
  }
  return false;
}

/** ENTRY points to table `table` again: nothing was collapsed. */
export function populate(task: u32, table: u32): void {
  if (isNull(regWord(task, Reg.ENTRY), Missing.ENTRY)) return;
  writeEntry(regWord(task, Reg.ENTRY), makeEntry(table, Entry.PRESENT | Entry.WRITE));
  add(mmAt(regWord(task, Reg.MM)) + Mm.TABLES, 1);
}

/** Table `table` is kept with the huge page PAGE, where a page of a file keeps what write-back took. */
export function deposit(task: u32, table: u32): void {
  setUse(table, Kind.TABLE, OWNER_UNCOUNTED);
  put(restAt(regWord(task, Reg.PAGE)) + Rest.SAVED, table);
}

/** PAGE is a huge page of an mm's own: its mappings count, and it may have a table deposited. */
export function isOwnHuge(task: u32): bool {
  const page = regWord(task, Reg.PAGE);
  return poolOf(page) == Pool.HUGE && ownerOf(page) < OWNER_UNCOUNTED;
}

/** Frees the table deposited with PAGE. */
export function withdraw(task: u32): void {
  const saved = restAt(regWord(task, Reg.PAGE)) + Rest.SAVED;
  const table = get(saved);
  if (table == 0) return;
  put(saved, 0);
  putPage(table);
}
