/**
 * Reading and writing words; where the regions begin; sizes that the geometry fixes.
 *
 * The only load and store of the core outside the measured loops. Region bases are set once, by `boot`.
 *
 * Protocol
 *   The module of the exhaustive search is built with LOGGED (asconfig.search.json): there each write that changes a
 *   hashed word of the state leaves (word, old value) in the log, so that a step can be undone and its hash computed
 *   from the few words that it changed. In the other builds a write is a store and nothing else.
 *
 * Invariants
 *   W1  State is written by put, putLong, fillWords and copyWords only: what the log does not know is not undone.
 */
import { Area, Base, Boot } from "./abi/layout";
import { Cpu, Frame, Kind, Mm, Rest, Tally, USE_MASK, USE_SHIFT, Vma } from "./abi/records";
import { Obligation, Task } from "./abi/tasks";
import { Access, note } from "./noted";

export { Access, note, noteCell, noteInto, noticed } from "./noted";

export function get(word: u32): u32 {
  if (isDefined(RECORDED)) note(word, Access.READ);
  return load<u32>(word << 2);
}

export function put(word: u32, value: u32): void {
  if (isDefined(RECORDED)) note(word, Access.WRITE);
  poke(word, value);
}

/** Reads and writes what is accounted for in another way: see ghost/cells.ts. */
export function peek(word: u32): u32 {
  return load<u32>(word << 2);
}

export function peekLong(word: u32): u64 {
  return load<u64>(word << 2);
}

export function poke(word: u32, value: u32): void {
  if (isDefined(LOGGED)) remember(word, value);
  store<u32>(word << 2, value);
}

/** Sets bits that no step of anybody else clears meanwhile: with other settings it changes places freely. */
export function setBits(word: u32, bits: u32): void {
  if (isDefined(RECORDED)) note(word, Access.SET);
  poke(word, peek(word) | bits);
}

/** Clears bits; what is left decides nothing in this step. */
export function clearBits(word: u32, bits: u32): void {
  if (isDefined(RECORDED)) note(word, Access.CLEAR);
  poke(word, peek(word) & ~bits);
}

/** Adds to a count that decides nothing in this step. */
export function bump(word: u32, amount: u32): void {
  if (isDefined(RECORDED)) note(word, Access.ADD);
  poke(word, peek(word) + amount);
}

export function getLong(word: u32): u64 {
  if (isDefined(RECORDED)) {
    note(word, Access.READ);
    note(word + 1, Access.READ);
  }
  return load<u64>(word << 2);
}

export function putLong(word: u32, value: u64): void {
  if (isDefined(LOGGED)) {
    put(word, <u32>value);
    put(word + 1, <u32>(value >> 32));
  } else store<u64>(word << 2, value);
}

/** Empties `count` words. */
export function clearWords(word: u32, count: u32): void {
  if (isDefined(LOGGED)) {
    const end = word + count;
    for (let at = word; at < end; at++) if (get(at) != 0) put(at, 0);
  } else if (count > LOOP_MAX) memory.fill(word << 2, 0, count << 2);
  else {
    const end = (word + count) << 2;
    let at = word << 2;
    for (; at + 16 <= end; at += 16) v128.store(at, i32x4(0, 0, 0, 0));
    for (; at < end; at += 4) store<u32>(at, 0);
  }
}

/** Up to here a loop is faster than the call that memory.fill is. */
const LOOP_MAX: u32 = 64;

/** Copies `count` words; the two places may overlap. */
export function copyWords(to: u32, from: u32, count: u32): void {
  if (isDefined(LOGGED)) {
    if (to <= from) for (let i: u32 = 0; i < count; i++) put(to + i, get(from + i));
    else for (let i = count; i > 0; i--) put(to + i - 1, get(from + i - 1));
  } else memory.copy(to << 2, from << 2, count << 2);
}

/** The log: (word, old value) pairs up to `logTop`, bytes. Words [logFrom, logFrom + logSpan) are logged. */
export let logTop: u32 = 0;
let logEnd: u32 = 0;
let logFrom: u32 = 0;
let logSpan: u32 = 0;
/** A step wrote more than the log holds: it cannot be undone, and the search ends. */
export let logFull: bool = false;

/** Notes from now on what is written to [from, from + span); a span of 0 ends it. */
export function logInto(first: u32, end: u32, from: u32, span: u32): void {
  logTop = first;
  logEnd = end;
  logFrom = from;
  logSpan = span;
  logFull = false;
}

export function setLogTop(top: u32): void {
  logTop = top;
}

function remember(word: u32, value: u32): void {
  if (word - logFrom >= logSpan) return;
  const old = load<u32>(word << 2);
  if (old == value) return;
  if (logTop == logEnd) {
    logFull = true;
    return;
  }
  store<u64>(logTop, <u64>word | ((<u64>old) << 32));
  logTop += 8;
}

export function add(word: u32, amount: u32): void {
  put(word, get(word) + amount);
}

export function boot(field: u32): u32 {
  return get(Area.BOOT + field);
}

export function base(field: u32): u32 {
  return get(Area.BASE + field);
}

export function runWord(field: u32): u32 {
  return get(Area.RUN + field);
}

export function setRun(field: u32, value: u32): void {
  put(Area.RUN + field, value);
}

export let stateBase: u32 = 0;
export let globalsBase: u32 = 0;
export let cpuBase: u32 = 0;
export let mmBase: u32 = 0;
export let fileBase: u32 = 0;
export let fileWords: u32 = 0;
export let vmaBase: u32 = 0;
export let frameBase: u32 = 0;
export let restBase: u32 = 0;
export let tableBase: u32 = 0;
export let tableWords: u32 = 0;
export let taskBase: u32 = 0;
export let gatherBase: u32 = 0;
export let gatherWords: u32 = 0;
export let obligationBase: u32 = 0;
export let codeBase: u32 = 0;
export let scriptBase: u32 = 0;

export let cpus: u32 = 0;
export let mms: u32 = 0;
export let tasks: u32 = 0;
export let vmas: u32 = 0;
export let levels: u32 = 0;
export let machine: u32 = 0;
export let concrete: bool = false;
export let tracing: bool = false;
export let hasOracle: bool = true;
/** Concrete TLBs have a slot for each translation (hw/unlimited.ts). */
export let unlimited: bool = false;
/** Batches go in one step and the oracle is not told, see mm/bulk.ts. */
export let bulk: bool = false;

/** Copies the Base and Boot words that hot code needs into globals. */
export function cacheBases(): void {
  stateBase = base(Base.STATE);
  globalsBase = stateBase + Tally.WORDS;
  cpuBase = base(Base.CPU);
  mmBase = base(Base.MM);
  fileBase = base(Base.FILE);
  fileWords = base(Base.FILE_WORDS);
  vmaBase = base(Base.VMA);
  frameBase = base(Base.FRAME);
  restBase = base(Base.REST);
  tableBase = base(Base.TABLE);
  tableWords = base(Base.TABLE_WORDS);
  taskBase = base(Base.TASK);
  gatherBase = base(Base.GATHER);
  gatherWords = base(Base.GATHER_WORDS);
  obligationBase = base(Base.OBLIGATION);
  codeBase = base(Base.CODE);
  scriptBase = base(Base.SCRIPT);
  cpus = boot(Boot.CPUS);
  mms = boot(Boot.MMS);
  tasks = boot(Boot.TASKS);
  vmas = boot(Boot.VMAS);
  levels = boot(Boot.LEVELS);
  machine = boot(Boot.MACHINE);
  concrete = boot(Boot.CONCRETE) != 0;
  unlimited = boot(Boot.PARTS) != 0;
  hasOracle = boot(Boot.NO_ORACLE) == 0;
}

export function setTracing(on: bool): void {
  tracing = on;
}

export function setBulk(on: bool): void {
  bulk = on;
}

export function setConcrete(on: bool): void {
  concrete = on;
}

export function tally(field: u32): u32 {
  return stateBase + field;
}

export function globalWord(field: u32): u32 {
  return globalsBase + field;
}

export function cpuAt(index: u32): u32 {
  return cpuBase + index * Cpu.WORDS;
}

export function mmAt(index: u32): u32 {
  return mmBase + index * Mm.WORDS;
}

export function fileAt(index: u32): u32 {
  return fileBase + index * fileWords;
}

export function vmaAt(index: u32): u32 {
  return vmaBase + index * Vma.WORDS;
}

export function frameAt(frame: u32): u32 {
  return frameBase + frame * Frame.WORDS;
}

export function restAt(frame: u32): u32 {
  return restBase + frame * Rest.WORDS;
}

export function kindOf(frame: u32): u32 {
  return get(frameAt(frame) + Frame.USE) >> USE_SHIFT;
}

/** 0 of a free frame. */
export function ownerOf(frame: u32): u32 {
  const use = get(frameAt(frame) + Frame.USE);
  return use >> USE_SHIFT == Kind.FREE ? 0 : use & USE_MASK;
}

/** First entry of a table frame. */
export function tableAt(frame: u32): u32 {
  return tableBase + (frame - 1) * tableWords;
}

export function taskAt(index: u32): u32 {
  return taskBase + index * Task.WORDS;
}

export function gatherOf(task: u32): u32 {
  return gatherBase + ((task - taskBase) / Task.WORDS) * gatherWords;
}

export function obligationAt(index: u32): u32 {
  return obligationBase + index * Obligation.WORDS;
}

export function reg(task: u32, register: u32): u64 {
  return getLong(task + Task.REGISTER + (register << 1));
}

export function setReg(task: u32, register: u32, value: u64): void {
  putLong(task + Task.REGISTER + (register << 1), value);
}

/** The low word of a register: indices, frames and flags fit in it. */
export function regWord(task: u32, register: u32): u32 {
  return get(task + Task.REGISTER + (register << 1));
}
