/**
 * The exports: the one seam between core and host. Numbers only; everything else is words in memory (abi/layout.ts).
 */
import { LAYOUT_VERSION, Run } from "./abi/layout";
import { Task } from "./abi/tasks";
import { hashState } from "./explore/hash";
import { witnessFrame, witnessValue } from "./explore/witness";
import { enterLazy, leaveMm, switchMm } from "./mm/switching";
import * as run from "./run";
import { nextCall } from "./step";
import { put, setBulk, setRun, setTracing, taskAt, tracing } from "./word";

export { bootMachine, newMm } from "./boot";
export { audit } from "./check";
export { runRandom } from "./explore/random";
export {
  evict,
  fillLeaf,
  fillPointer,
  handToStranger,
  probe,
  probePointer,
  probeStore,
  probeWrite,
} from "./explore/witness";
export { forgetFeatures, fuzzBlock, fuzzStart } from "./fuzz/block";
export {
  fuzzFollow,
  fuzzForget,
  fuzzFresh,
  fuzzHash,
  fuzzInput,
  fuzzPrepare,
  fuzzRuns,
  fuzzSeek,
  fuzzShowed,
} from "./fuzz/campaign";
export { fuzzGuided, fuzzProgram } from "./fuzz/guide";
// Exported to stay functions: scripts/tighten.mjs.
export { clearEntries } from "./mm/bulk";
export { freeFours, freeRun } from "./mm/freeing";
export { retireMm } from "./mm/switching";
export { outcomesSeen, outcomesSum } from "./outcome";
export { agentCount, enabledMask, isEnabled, isFinished, reset, runSchedule, saveInitial, stepAgent } from "./run";

/** Number of the layout that this core was built with. */
export function layoutVersion(): u32 {
  return LAYOUT_VERSION;
}

/** Gives a task its calls (script words [from, to)) and takes it to its first visible step. */
export function loadScript(task: u32, from: u32, to: u32): void {
  const record = taskAt(task);
  put(record + Task.DONE, 0);
  put(record + Task.SCRIPT, from);
  put(record + Task.SCRIPT_END, to);
  nextCall(record);
}

/** Runs one task to its end, other tasks standing still. */
export function runAlone(task: u32, stepsMax: u32): u32 {
  return run.runAlone(task, stepsMax);
}

/** The same with batches in one step and nothing for the oracle (mm/bulk.ts). 0 while a trace is written. */
export function runInBulk(task: u32, stepsMax: u32): u32 {
  if (tracing) return 0;
  setBulk(true);
  const status = run.runAlone(task, stepsMax);
  setBulk(false);
  return status;
}

/** Loads an mm into a CPU outside any run (set-up). */
export function loadMm(cpu: u32, mm: u32): void {
  switchMm(cpu, mm);
}

export function goLazy(cpu: u32): void {
  enterLazy(cpu);
}

export function unloadMm(cpu: u32): void {
  leaveMm(cpu);
}

/** What the last witness load reached. */
export function witnessed(): u64 {
  return ((<u64>witnessValue) << 32) | <u64>witnessFrame;
}

export function trace(on: u32): void {
  setTracing(on != 0);
  setRun(Run.EVENTS, 0);
}

/** Leaves the state's hash in Run.HASH. */
export function hash(): void {
  const value = hashState();
  setRun(Run.HASH, <u32>value);
  setRun(Run.HASH + 1, <u32>(value >> 32));
}
