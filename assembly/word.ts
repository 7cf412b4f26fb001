/**
 * Reading and writing words; where the regions begin; sizes that the geometry fixes.
 *
 * The only load and store of the core outside the measured loops. Region bases are set once, by `boot`.
 */
import { Area, Base, Boot } from "./abi/layout";
import { Cpu, Frame, Mm, Tally, Vma } from "./abi/records";
import { Obligation, Task } from "./abi/tasks";

export function get(word: u32): u32 {
  return load<u32>(word << 2);
}

export function put(word: u32, value: u32): void {
  store<u32>(word << 2, value);
}

export function getLong(word: u32): u64 {
  return load<u64>(word << 2);
}

export function putLong(word: u32, value: u64): void {
  store<u64>(word << 2, value);
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
