/**
 * TLBs without limits: one slot for each translation that a CPU could hold. Nothing is ever pushed out to make room.
 *
 * What a search enumerates: a set-associative TLB would add the order of recency to the state, and the search would
 * then be about one size of TLB instead of about all of them.
 *
 * Protocol
 *   A walk goes through the paging-structure caches only, one table read a step: a pointer is read through the pointer
 *   above it (or from the root), a leaf through the pointer to its table. A walk without caches is these steps and
 *   evictions. Boot.PARTS says which levels have slots: bit L for leaves of level L, bit 4 + L for pointers of level L.
 *   Accessed and dirty bits are not written: no kernel step reads them.
 *
 * Invariants
 *   D1  A slot holds the entry as it was read (0: empty) and the generation of its frame at that time.
 *
 * Knows nothing of Linux.
 */
import { Base, Boot } from "../abi/layout";
import { Machine } from "../abi/operands";
import { Entry, Frame } from "../abi/records";
import { base, boot, frameAt, get, put, tableAt } from "../word";
import { entriesOf, frameOf, pagesOf, shiftOf } from "./tables";

export const SLOT_WORDS: u32 = 2;
const WALK_BIT: u32 = 4;

/** Parts in the order of their slots: pointers from the top down, then leaves. Eight words each. */
const parts = memory.data((8 + 1) * 32);

export let lastPart: u32 = 0;
/** Slots of one CPU for one address space, and address spaces that a CPU can have tagged. */
export let slotsPerSpace: u32 = 0;
export let spaces: u32 = 1;

const enum Part {
  LEVEL,
  IS_WALK,
  FIRST,
  COUNT,
  /** Where, in words from the space's first slot, the pointers to its tables begin; or FROM_ROOT, or NOWHERE. */
  POINTERS,
  /** A slot's number becomes its pointer's by this shift, and its place in the table by this mask. */
  SHIFT,
  MASK,
}

/** The part's one table is the root; nothing points to its tables. */
const FROM_ROOT: u32 = 0xffffffff;
const NOWHERE: u32 = 0xfffffffe;

function partWord(part: u32, field: u32): u32 {
  return load<u32>(parts + (part << 5) + (field << 2));
}

export function levelOfPart(part: u32): u32 {
  return partWord(part, Part.LEVEL);
}

export function isWalkPart(part: u32): bool {
  return partWord(part, Part.IS_WALK) != 0;
}

export function partFirst(part: u32): u32 {
  return partWord(part, Part.FIRST);
}

export function partSlots(part: u32): u32 {
  return partWord(part, Part.COUNT);
}

function addPart(level: u32, isWalk: u32): void {
  const count = <u32>(pagesOf(boot(Boot.LEVELS)) / pagesOf(level));
  const at = parts + (lastPart << 5);
  store<u32>(at, level);
  store<u32>(at + 4, isWalk);
  store<u32>(at + 8, slotsPerSpace);
  store<u32>(at + 12, count);
  store<u32>(at + 16, pointersOf(level + 1));
  store<u32>(at + 20, shiftOf(level + 1) - shiftOf(level));
  store<u32>(at + 24, entriesOf(level) - 1);
  slotsPerSpace += count;
  lastPart++;
}

/** Machines that tag translations with a slot of the CPU's own, not with the mm's number. */
function tagsBySlot(kind: u32): bool {
  return kind == Machine.X86 || kind == Machine.X86_PTI || kind == Machine.X86_TCE;
}

/** Numbers the slots; gives the words of one CPU. */
export function layOutUnlimited(): u32 {
  const wanted = boot(Boot.PARTS);
  const levels = boot(Boot.LEVELS);
  lastPart = 0;
  slotsPerSpace = 0;
  for (let level = levels - 1; level > 0; level--) if ((wanted & (1 << (WALK_BIT + level))) != 0) addPart(level, 1);
  for (let level: u32 = 0; level < levels; level++) if ((wanted & (1 << level)) != 0) addPart(level, 0);
  spaces = !tagsBySlot(boot(Boot.MACHINE)) ? boot(Boot.MMS) : boot(Boot.PCID) != 0 ? 6 : 1;
  return spaces * slotsPerSpace * SLOT_WORDS;
}

export function slotsOf(cpu: u32): u32 {
  return base(Base.TLB) + cpu * base(Base.TLB_WORDS);
}

/** Where the pointers of `level` begin. They are laid out before what is read through them. */
function pointersOf(level: u32): u32 {
  if (level == boot(Boot.LEVELS)) return FROM_ROOT;
  for (let part: u32 = 0; part < lastPart; part++) {
    if (isWalkPart(part) && levelOfPart(part) == level) return partFirst(part) * SLOT_WORDS;
  }
  return NOWHERE;
}

/**
 * What a walk step by hardware would put into slot `i` of `part`, whose space begins at `first`: the entry that it
 * reads, or 0 when it cannot go there now. `pgd` is the root that the CPU has loaded. Without a branch on what is
 * there: in a search one state is as likely as another.
 */
export function readable(first: u32, part: u32, i: u32, pgd: u32): u32 {
  const pointers = partWord(part, Part.POINTERS);
  let table = pgd;
  if (pointers == NOWHERE) return 0;
  if (pointers != FROM_ROOT) table = frameOf(get(first + pointers + (i >> partWord(part, Part.SHIFT)) * SLOT_WORDS));
  // Frame 0 is none; what lies where its table would be is looked at and not used.
  const entry = get(tableAt(table) + (i & partWord(part, Part.MASK)));
  const wanted: u32 = isWalkPart(part) ? <u32>Entry.PRESENT : Entry.PRESENT | Entry.LEAF;
  const fits = <u32>((entry & (Entry.PRESENT | Entry.LEAF)) == wanted) & <u32>(table != 0);
  return fits != 0 ? entry : 0;
}

export function fillSlot(slot: u32, entry: u32): void {
  put(slot, entry);
  put(slot + 1, get(frameAt(frameOf(entry)) + Frame.GENERATION));
}

export function evictSlot(slot: u32): void {
  put(slot, 0);
  put(slot + 1, 0);
}

/** The frame that the slot's entry points to has been freed since it was read. */
export function slotIsStale(slot: u32): bool {
  const entry = get(slot);
  return entry != 0 && get(frameAt(frameOf(entry)) + Frame.GENERATION) != get(slot + 1);
}
