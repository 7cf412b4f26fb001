/**
 * What the next op of a task works on: the lock, entry, table, page, file or mm that another task could be at as well.
 *
 * Two ops of two agents on one object are a conflict: coverage counts the pairs, partial-order sampling draws them
 * anew. An interrupt works on its CPU.
 *
 * Protocol
 *   `learnSites()` reads the program once and leaves for each op which words of a task name its object, and how. After
 *   that, naming an object is the same few instructions for every op: a switch here is guessed wrong half of the time,
 *   at every step of every run.
 *
 * Units: an object is a word of the state, counted from its beginning, so that it is the same in every build.
 */
import { Boot } from "../abi/layout";
import { LockRef, Reg } from "../abi/operands";
import { Op } from "../abi/ops";
import { Cpu, FileRecord, Frame, Mm, Rest, Vma } from "../abi/records";
import { Task } from "../abi/tasks";
import {
  boot,
  codeBase,
  cpuAt,
  cpuBase,
  fileBase,
  fileWords,
  frameBase,
  get,
  mmBase,
  put,
  restBase,
  stateBase,
  vmaBase,
} from "../word";

/**
 * The object is BASE + A * SCALE + B for two words A and B of the task; none when A is zero and NEEDS_A. Eight bytes an
 * op, so that the sites of a run stay in the cache: A in byte 0, B in byte 1 (0xff for none), SCALE in bytes 2 and 3.
 */
const enum Site {
  WORDS = 2,
  NEEDS_A = 0x80,
  NO_B = 0xff00,
}

let sites: u32 = 0;
/** The op whose site is being written. */
let site: u32 = 0;

function wordOf(register: u32): u32 {
  return Task.REGISTER + (register << 1);
}

function by(base: u32, word: u32, scale: u32): void {
  put(site, word | Site.NO_B | (scale << 16));
  put(site + 1, base - stateBase);
}

function and(word: u32): void {
  put(site, (get(site) & ~(<u32>Site.NO_B)) | (word << 8));
}

function unlessZero(): void {
  put(site, get(site) | Site.NEEDS_A);
}

function byReferences(register: u32): void {
  by(frameBase + Frame.REFERENCES, wordOf(register), Frame.WORDS);
}

function byFrameLock(register: u32): void {
  by(restBase + Rest.LOCK, wordOf(register), Rest.WORDS);
}

function byLock(ref: u32): void {
  const mm = wordOf(Reg.MM);
  if (ref == LockRef.MMAP) by(mmBase + Mm.MMAP_LOCK, mm, Mm.WORDS);
  else if (ref == LockRef.PAGE_TABLE) by(mmBase + Mm.PAGE_TABLE_LOCK, mm, Mm.WORDS);
  else if (ref == LockRef.VMA_WRITE) by(mmBase + Mm.VMA_WRITE, mm, Mm.WORDS);
  else if (ref == LockRef.I_MMAP) by(fileBase + FileRecord.I_MMAP, wordOf(Reg.FILE), fileWords);
  else if (ref == LockRef.FAULT) by(fileBase + FileRecord.FAULT_MUTEX, wordOf(Reg.FILE), fileWords);
  else if (ref == LockRef.VMA) by(vmaBase + Vma.LOCK - Vma.WORDS, wordOf(Reg.VMA), Vma.WORDS);
  else if (ref == LockRef.PTL) byFrameLock(Reg.TABLE);
  else if (ref == LockRef.PAGE) byFrameLock(Reg.PAGE);
  else if (ref == LockRef.NEW_PTL) byFrameLock(Reg.TMP);
  if (ref == LockRef.VMA || ref == LockRef.PTL || ref == LockRef.PAGE || ref == LockRef.NEW_PTL) unlessZero();
}

function byAddress(): void {
  by(stateBase + 0x40000000, Task.MM, 1 << 12);
  and(wordOf(Reg.START));
}

function byCachedPage(): void {
  by(fileBase + 16, wordOf(Reg.FILE), fileWords);
  and(wordOf(Reg.INDEX));
}

// biome-ignore format: one kind, one line
function learn(code: u32, operand: u32): void {
  const isEntry = code == Op.CLEAR_ENTRY || code == Op.SET_ENTRY || code == Op.PROTECT_ENTRY || code == Op.MOVE_ENTRY;
  if (code <= <u32>Op.DOWNGRADE) byLock(operand);
  else if (isEntry) by(0, wordOf(Reg.ENTRY), 1);
  else if (code >= <u32>Op.PUD_CLEAR && code <= <u32>Op.PUD_POPULATE) byReferences(Reg.TABLE);
  else if (code >= <u32>Op.RMAP_ADD && code <= <u32>Op.PUT_PAGE) byReferences(Reg.PAGE);
  else if (code >= <u32>Op.FIND_OR_ALLOC_PAGE && code <= <u32>Op.REPLACE_IN_CACHE) byCachedPage();
  else if (code == Op.WRITE_SIZE) byCachedPage();
  else if (isFlush(code)) by(mmBase + 2, wordOf(Reg.FLUSH_MM), Mm.WORDS);
  else if (code == Op.ACCESS) byAddress();
  else if (isSwitch(code)) by(cpuBase + 1, Task.CPU, Cpu.WORDS);
  // The allocator of ASIDs is one for all mms.
  else if (code == Op.ASID_ROLLOVER || code == Op.READ_ASID) by(stateBase + 2, Task.MM, 0);
  // The table that the walker is in, and then the entry that it has read.
  else if (code == Op.GUP_STEP) by(frameBase + Frame.REFERENCES - Frame.WORDS, Task.GUP_TABLE, Frame.WORDS);
  else if (code == Op.GUP_UNCHANGED) by(0, wordOf(Reg.ENTRY), 1);
  else if (!isOwn(code)) by(mmBase + 1, wordOf(Reg.MM), Mm.WORDS);
}

/** What an interrupt of the CPU may come before or after. */
function isSwitch(code: u32): bool {
  const half = code == Op.SWITCH_BEGIN || code == Op.SWITCH_END;
  return half || code == Op.ENTER_LAZY || code == Op.LEAVE_MM || code == Op.SWITCH_MM;
}

function isFlush(code: u32): bool {
  const x86 = code >= <u32>Op.X86_NEXT_GENERATION && code <= <u32>Op.X86_SEND_IPI;
  return x86 || code == Op.TLBI || code == Op.DSB;
}

/** What nobody else can be at. */
function isOwn(code: u32): bool {
  const gather = code >= <u32>Op.GATHER_START && code <= <u32>Op.GATHER_FINISH;
  return gather || code == Op.RETURN || code == Op.X86_WAIT_IPI;
}

/** Words that the sites of a program take. */
export function siteWords(): u32 {
  return boot(Boot.CODE) * Site.WORDS;
}

/** Writes the sites of the whole program to the zeroed words from `at` on. */
export function learnSites(at: u32): void {
  sites = at;
  const ops = boot(Boot.CODE);
  for (let pc: u32 = 0; pc < ops; pc++) {
    site = at + pc * Site.WORDS;
    put(site, Site.NO_B);
    const op = codeBase + (pc << 2);
    if (get(op) >= <u32>Op.VISIBLE) learn(get(op), get(op + 1));
  }
}

/** A word that names the object of the task's next step; 0 when nobody else can be at it. */
export function touchedBy(task: u32, pc: u32): u32 {
  const at = (sites + pc * Site.WORDS) << 2;
  const how = load<u32>(at);
  const a = get(task + (how & 0x7f));
  const b: u32 = (how & Site.NO_B) == Site.NO_B ? 0 : get(task + ((how >> 8) & 0x7f));
  const object = load<u32>(at, 4) + a * (how >> 16) + b;
  return a == 0 && (how & Site.NEEDS_A) != 0 ? 0 : object;
}

/** What an interrupt works on: its CPU. */
export function touchedByInterrupt(cpu: u32): u32 {
  return cpuAt(cpu) + 1 - stateBase;
}
