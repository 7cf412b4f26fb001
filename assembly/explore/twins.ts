/**
 * Interchangeable mms: those whose tasks have the same calls before them and whose tables look alike.
 *
 * A permutation of them moves records, tasks, the CPUs that the tasks run on, and the tables of their own; every word
 * that names one of these is named anew (Role). So a permuted state is a state again.
 *
 * Where it applies: searches without the oracle and without a VMA. Where VMAs are, mms are not alike: those of a file
 * are gone through in the order of their records, and a cursor in the middle tells the mms before it from those after.
 *
 * Invariants
 *   T1  A permutation that does not leave the initial state as it is is not used (symmetry.ts looks).
 *   T2  A register that may name an mm outside of Role pins the state: it keeps its ordinary fingerprint.
 */
import { Base, Boot } from "../abi/layout";
import { Cpu, Entry, Frame, Kind, Mm, Rest, USE_MASK, USE_SHIFT, Vma } from "../abi/records";
import { Task } from "../abi/tasks";
import { entriesOf, frameOf, isTableEntry } from "../hw/tables";
import {
  base,
  boot,
  cpuAt,
  frameAt,
  gatherOf,
  gatherWords,
  get,
  hasOracle,
  levels,
  mmAt,
  mms,
  restAt,
  stateBase,
  tableAt,
  tableWords,
  taskAt,
  tasks,
  vmaAt,
  vmas,
} from "../word";
import { noteNames } from "./roles";

/** What a word of the state names. */
export const enum Role {
  NOTHING,
  /** Masks: of CPUs; of those whose interrupt waits, the lowest served first; of tasks. Bit 31 is another matter. */
  CPUS,
  SENDERS,
  TASKS,
  /** An mm + 1; a frame; a page-table entry; a frame's USE; a word. 0 is none. */
  MM,
  FRAME,
  ENTRY,
  USE,
  WORD,
  /** A CPU. An mm itself; the same in a register, which means nothing once the task is done. */
  CPU,
  INDEX,
  OWN,
  /** Where the task is in its script: told from where it began. */
  SCRIPT,
  /** What may name anything: should be 0. */
  PIN,
}

/** Permutations at most: those of four mms. */
const TWINS_MAX: u32 = 24;
const ALIKE_MAX: u32 = 4;

let rolesAt: u32 = 0;
/** Of each permutation: where each word of the state goes, then each frame; then mms, tasks, CPUs, 32 each. */
let mapsAt: u32 = 0;
let words: u32 = 0;
let frames: u32 = 0;
let count: u32 = 1;
/** mms that are interchangeable, and the permutation of their places that is being made. */
const alike = memory.data(4 * 4);
let alikeCount: u32 = 0;
const order = memory.data(4 * 4);

function mapWords(): u32 {
  return words + frames + 96;
}

export function twinBytes(stateWords: u32): u32 {
  return stateWords + TWINS_MAX * ((stateWords + base(Base.FRAMES) + 96) << 2) + 128;
}

/** Forgets roles and permutations: only the one that changes nothing is left. */
export function rolesStart(at: u32, stateWords: u32): void {
  words = stateWords;
  frames = base(Base.FRAMES);
  rolesAt = at;
  mapsAt = (at + words + 63) & ~63;
  memory.fill(rolesAt, 0, words);
  count = 1;
  alikeCount = 0;
}

export function twinCount(): u32 {
  return count;
}

export function dropTwin(twin: u32): void {
  count--;
  memory.copy(mapAt(twin), mapAt(count), mapWords() << 2);
}

export function setRole(word: u32, role: u32): void {
  store<u8>(rolesAt + word - stateBase, <u8>role);
}

export function roleOf(word: u32): u32 {
  return load<u8>(rolesAt + word - stateBase);
}

function mapAt(twin: u32): u32 {
  return mapsAt + twin * (mapWords() << 2);
}

/** Where the permutation puts the word. */
export function homeOf(twin: u32, word: u32): u32 {
  return twin == 0 ? word : load<u32>(mapAt(twin) + ((word - stateBase) << 2));
}

function frameBy(twin: u32, frame: u32): u32 {
  return load<u32>(mapAt(twin) + ((words + frame) << 2));
}

const MMS: u32 = 0;
const TASKS: u32 = 32;
const CPUS: u32 = 64;

function indexAt(twin: u32, kind: u32, index: u32): u32 {
  return mapAt(twin) + ((words + frames + kind + index) << 2);
}

function mask(twin: u32, kind: u32, bits: u32): u32 {
  let found: u32 = 0;
  let rest = bits;
  while (rest != 0) {
    found |= 1 << load<u32>(indexAt(twin, kind, <u32>ctz(rest)));
    rest &= rest - 1;
  }
  return found;
}

/** What a word of this role and value says after the permutation. */
export function valueBy(twin: u32, role: u32, value: u32): u32 {
  if (role == Role.USE) return useBy(twin, value);
  if (twin == 0 || role == Role.NOTHING || role == Role.PIN) return value;
  const high = value & 0x80000000;
  if (role == Role.CPUS || role == Role.SENDERS) return mask(twin, CPUS, value & 0x7fffffff) | high;
  if (role == Role.TASKS) return mask(twin, TASKS, value & 0x7fffffff) | high;
  if (role == Role.CPU) return load<u32>(indexAt(twin, CPUS, value));
  if (role == Role.INDEX || role == Role.OWN) return load<u32>(indexAt(twin, MMS, value & 31));
  if (value == 0) return 0;
  if (role == Role.MM) return mmBy(twin, value);
  if (role == Role.FRAME) return frameBy(twin, value);
  if (role == Role.ENTRY) return (value & 0xff) | (frameBy(twin, value >> Entry.SHIFT) << Entry.SHIFT);
  if (role == Role.WORD) return homeOf(twin, value);
  return value;
}

function mmBy(twin: u32, value: u32): u32 {
  return value > mms ? value : load<u32>(indexAt(twin, MMS, value - 1)) + 1;
}

/** Which of them a table was made for is read by nobody: it counts as made for the first. */
function useBy(twin: u32, value: u32): u32 {
  const kind = value >> USE_SHIFT;
  const owner = value & USE_MASK;
  if (owner == 0) return value;
  if (kind == Kind.FREE) return twin == 0 ? value : frameBy(twin, value);
  if (kind == Kind.TABLE && isAlike(owner - 1)) return (value & ~USE_MASK) | (load<u32>(alike) + 1);
  return twin == 0 ? value : (value & ~USE_MASK) | mmBy(twin, owner);
}

function isAlike(mm: u32): bool {
  for (let i: u32 = 0; i < alikeCount; i++) if (load<u32>(alike + (i << 2)) == mm) return true;
  return false;
}

/** Finds the permutations. The machine is at the initial state. */
export function findTwins(): void {
  if (hasOracle || anyVma()) return;
  findAlike();
  if (alikeCount < 2) return;
  noteNames();
  for (let i: u32 = 0; i < alikeCount; i++) store<u32>(order + (i << 2), i);
  permute(0);
}

function anyVma(): bool {
  for (let vma: u32 = 0; vma < vmas; vma++) if (get(vmaAt(vma) + Vma.MM) != 0) return true;
  return false;
}

function taskOf(mm: u32): u32 {
  let found = tasks;
  for (let task: u32 = 0; task < tasks; task++) {
    if (get(taskAt(task) + Task.MM) != mm) continue;
    if (found != tasks) return tasks;
    found = task;
  }
  return found;
}

/** mms with one task each, before which lie the same calls. The first such mm sets the pattern. */
function findAlike(): void {
  alikeCount = 0;
  for (let mm: u32 = 0; mm < mms && alikeCount < ALIKE_MAX; mm++) {
    const task = taskOf(mm);
    if (task == tasks) continue;
    if (alikeCount == 0 || sameCalls(taskOf(load<u32>(alike)), task)) store<u32>(alike + (alikeCount++ << 2), mm);
  }
}

function sameCalls(a: u32, b: u32): bool {
  const one = get(taskAt(a) + Task.SCRIPT);
  const other = get(taskAt(b) + Task.SCRIPT);
  const length = get(taskAt(a) + Task.SCRIPT_END) - one;
  if (get(taskAt(b) + Task.SCRIPT_END) - other != length) return false;
  const script = base(Base.SCRIPT);
  for (let i: u32 = 0; i < length; i++) if (get(script + one + i) != get(script + other + i)) return false;
  return true;
}

function permute(from: u32): void {
  if (from + 1 == alikeCount) {
    make();
    return;
  }
  for (let i = from; i < alikeCount; i++) {
    swap(from, i);
    permute(from + 1);
    swap(from, i);
  }
}

function swap(i: u32, j: u32): void {
  const kept = load<u32>(order + (i << 2));
  store<u32>(order + (i << 2), load<u32>(order + (j << 2)));
  store<u32>(order + (j << 2), kept);
}

/** Writes the permutation down that `order` says: the i-th of the mms goes where the order[i]-th is. */
function make(): void {
  let moves = false;
  for (let i: u32 = 0; i < alikeCount; i++) if (load<u32>(order + (i << 2)) != i) moves = true;
  if (!moves) return;
  const twin = count++;
  for (let i: u32 = 0; i < words; i++) store<u32>(mapAt(twin) + (i << 2), stateBase + i);
  for (let frame: u32 = 0; frame < frames; frame++) store<u32>(mapAt(twin) + ((words + frame) << 2), frame);
  for (let i: u32 = 0; i < 96; i++) store<u32>(indexAt(twin, 0, i), i & 31);
  for (let i: u32 = 0; i < alikeCount; i++) {
    move(twin, load<u32>(alike + (i << 2)), load<u32>(alike + (load<u32>(order + (i << 2)) << 2)));
  }
}

function moveWords(twin: u32, from: u32, to: u32, length: u32): void {
  for (let i: u32 = 0; i < length; i++) store<u32>(mapAt(twin) + ((from + i - stateBase) << 2), to + i);
}

function move(twin: u32, mm: u32, to: u32): void {
  const task = taskOf(mm);
  const other = taskOf(to);
  const cpu = get(taskAt(task) + Task.CPU);
  const away = get(taskAt(other) + Task.CPU);
  store<u32>(indexAt(twin, MMS, mm), to);
  store<u32>(indexAt(twin, TASKS, task), other);
  store<u32>(indexAt(twin, CPUS, cpu), away);
  moveWords(twin, mmAt(mm), mmAt(to), Mm.WORDS);
  moveWords(twin, taskAt(task), taskAt(other), Task.WORDS);
  moveWords(twin, gatherOf(taskAt(task)), gatherOf(taskAt(other)), gatherWords);
  moveWords(twin, cpuAt(cpu), cpuAt(away), Cpu.WORDS);
  const tlb = boot(Boot.CONCRETE) != 0 ? base(Base.TLB_WORDS) : 0;
  moveWords(twin, base(Base.TLB) + cpu * tlb, base(Base.TLB) + away * tlb, tlb);
  moveTree(twin, get(mmAt(mm) + Mm.PGD), get(mmAt(to) + Mm.PGD), levels - 1);
}

/** Tables that are not shared go with their mm. */
function moveTree(twin: u32, frame: u32, to: u32, level: u32): void {
  if (frame == to) return;
  store<u32>(mapAt(twin) + ((words + frame) << 2), to);
  moveWords(twin, frameAt(frame), frameAt(to), Frame.WORDS);
  moveWords(twin, restAt(frame), restAt(to), Rest.WORDS);
  moveWords(twin, tableAt(frame), tableAt(to), tableWords);
  for (let i: u32 = 0; i < entriesOf(level); i++) {
    const one = get(tableAt(frame) + i);
    const other = get(tableAt(to) + i);
    const both = (one & other & Entry.PRESENT) != 0 && isTableEntry(one) && isTableEntry(other) && level > 0;
    if (both) moveTree(twin, frameOf(one), frameOf(other), level - 1);
  }
}
