/**
 * Lays the regions out from the Boot words and empties them.
 *
 * Order: fixed areas, state (bookkeeping first, then what is hashed), code, scripts, schedule, events, the initial
 * snapshot. What follows belongs to the search (explore/space.ts). Memory grows here and there, nowhere else.
 */
import { Area, Base, Boot, Event } from "./abi/layout";
import { Cpu, FileRecord, Frame, Globals, Kind, Mm, Rest, Tally, Vma } from "./abi/records";
import { GATHERS, Gather, Obligation, Task } from "./abi/tasks";
import { allocate, Pool, resetFrames } from "./hw/frames";
import { cacheGeometry, entriesOf } from "./hw/tables";
import { tlbWordsPerCpu } from "./hw/tlb";
import { layOutUnlimited } from "./hw/unlimited";
import { base, boot, cacheBases, mmAt, put, setConcrete, setTracing } from "./word";

function region(field: u32, at: u32, words: u32): u32 {
  put(Area.BASE + field, at);
  return at + words;
}

function widestTable(): u32 {
  let widest: u32 = 0;
  for (let level: u32 = 0; level < boot(Boot.LEVELS); level++) widest = max(widest, entriesOf(level));
  return widest;
}

/** Grows the memory to `words`; false when the host does not give it. */
export function reserve(words: u32): bool {
  const pages = <i32>((((<u64>words) << 2) + 65535) >> 16);
  const missing = pages - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}

/** Lays out and clears a machine. False when the memory does not suffice. */
export function bootMachine(): bool {
  cacheGeometry();
  const entries = widestTable();
  const fileWords: u32 = FileRecord.WORDS + boot(Boot.FILE_PAGES);
  const gatherWords: u32 = Gather.WORDS + boot(Boot.BATCH) + 8;
  const frames = 1 + boot(Boot.TABLE_FRAMES) + boot(Boot.BASE_FRAMES) + boot(Boot.HUGE_FRAMES);
  put(Area.BASE + Base.FILE_WORDS, fileWords);
  put(Area.BASE + Base.TABLE_WORDS, entries);
  put(Area.BASE + Base.GATHER_WORDS, gatherWords);
  put(Area.BASE + Base.TLB_WORDS, boot(Boot.PARTS) != 0 ? layOutUnlimited() : tlbWordsPerCpu());
  put(Area.BASE + Base.FRAMES, frames);
  // The state begins alike in every build, whatever lies before it: what is aligned in it has one place in it.
  let at: u32 = ((<u32>__heap_base >> 2) + 19) & ~3;
  put(Area.BASE + Base.STATE, at);
  at += Tally.WORDS;
  put(Area.BASE + Base.HASHED, at);
  at += Globals.WORDS;
  at = region(Base.CPU, at, boot(Boot.CPUS) * Cpu.WORDS);
  at = region(Base.MM, at, boot(Boot.MMS) * Mm.WORDS);
  at = region(Base.FILE, at, boot(Boot.FILES) * fileWords);
  at = region(Base.VMA, at, boot(Boot.VMAS) * Vma.WORDS);
  at = region(Base.TASK, at, boot(Boot.TASKS) * Task.WORDS);
  at = region(Base.GATHER, at, boot(Boot.TASKS) * GATHERS * gatherWords);
  // A frame's record is loaded and stored as one.
  at = region(Base.FRAME, (at + 3) & ~3, frames * Frame.WORDS);
  at = region(Base.REST, at, frames * Rest.WORDS);
  at = region(Base.TABLE, at, boot(Boot.TABLE_FRAMES) * entries);
  at = region(Base.TLB, at, boot(Boot.CONCRETE) != 0 ? boot(Boot.CPUS) * base(Base.TLB_WORDS) : 0);
  at = region(Base.OBLIGATION, at, boot(Boot.OBLIGATIONS) * Obligation.WORDS);
  // Hashing and copying go sixteen bytes at a time.
  at = (at + 3) & ~3;
  at = region(Base.STATE_END, at, 0);
  at = region(Base.CODE, at, boot(Boot.CODE) << 2);
  at = region(Base.SCRIPT, at, boot(Boot.SCRIPT));
  at = region(Base.SCHEDULE, at, (boot(Boot.SCHEDULE) + 3) >> 2);
  at = region(Base.EVENT, at, boot(Boot.EVENTS) * Event.WORDS);
  const state = base(Base.STATE_END) - base(Base.STATE);
  at = region(Base.INITIAL, at, state);
  put(Area.BASE + Base.END, at);
  if (!reserve(at)) return false;
  memory.fill(Area.RUN << 2, 0, (Area.END - Area.RUN) << 2);
  setTracing(false);
  memory.fill(base(Base.STATE) << 2, 0, (base(Base.SCHEDULE) - base(Base.STATE)) << 2);
  cacheBases();
  setConcrete(boot(Boot.CONCRETE) != 0);
  resetFrames();
  return true;
}

/** Gives `mm` an empty top-level table. False without memory. */
export function newMm(mm: u32): bool {
  const pgd = allocate(Pool.TABLE, Kind.TABLE, mm + 1);
  if (pgd == 0) return false;
  put(mmAt(mm) + Mm.PGD, pgd);
  put(mmAt(mm) + Mm.CONTEXT, mm + 1);
  return true;
}
