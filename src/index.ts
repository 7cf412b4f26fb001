/**
 * shootdown: finds missing, late and misplaced TLB flushes in kernel memory-management code, and proves the fix.
 *
 * Results are data; nothing prints. Long calls take an AbortSignal and report progress.
 */
export { isScenarioFile, loadScenarios } from "./author/load.js";
export { proofread } from "./author/proofread.js";
export { reg } from "./author/registers.js";
export type { OwnEdition, OwnScenario } from "./author/schema.js";
export {
  type ConformResult,
  type ConformRow,
  conform,
  type Disagreement,
  type NamedRecording,
} from "./conform/conform.js";
export { loadRecordings } from "./conform/load.js";
export { InputError } from "./error.js";
export {
  type CheckOptions,
  type CheckProgress,
  type CheckResult,
  type CheckResultRow,
  check,
  type FoundViolation,
  type Verdict,
} from "./explore/check.js";
export { type Sample, type SampleOptions, sample } from "./explore/random.js";
export type { Moment, OwedFlush, Reason, ReleasedLock } from "./explore/reason.js";
export type { Story, StoryStep } from "./explore/replay.js";
export type { SavedComparison, ScheduleFile } from "./explore/saved.js";
export type { Witness, WitnessStep } from "./explore/witness.js";
export { exportPromela } from "./export/promela.js";
export { countWithSpin, type SpinCount, type SpinOptions } from "./export/spin.js";
export { type StrategyName, strategies } from "./fuzz/arena.js";
export { type CaseFile, replayCase } from "./fuzz/case.js";
export { type FuzzFinding, type FuzzOptions, type FuzzProgress, type FuzzResult, fuzz } from "./fuzz/fuzz.js";
export { type FuzzOneOptions, type FuzzOneResult, type FuzzOneViolation, fuzzOne } from "./fuzz/one.js";
export type { Program, ProgramCalls } from "./fuzz/program.js";
export { type FuzzRace, type FuzzScenariosOptions, fuzzScenarios } from "./fuzz/race.js";
export type { RaceFinding } from "./fuzz/race-finding.js";
export { programToken, replay } from "./fuzz/token.js";
export { type Geometry, geometries } from "./geometry.js";
export { type Backend, backends } from "./kernel/arch/backends.js";
export { calls } from "./kernel/calls.js";
export { type CompiledOp, compile } from "./kernel/compile.js";
export { type Edition, editions, releases } from "./kernel/editions.js";
export {
  arch,
  at,
  type Call,
  type Line,
  listing,
  only,
  op,
  type Sub,
  since,
  to,
  unless,
  until,
} from "./kernel/listing.js";
export * as ops from "./kernel/ops.js";
export * as pageops from "./kernel/pageops.js";
export { type CallSpec, Machine, type MachineConfig } from "./machine.js";
export type { RepairKind } from "./mutate/candidates.js";
export type { MutantResult, MutantVerdict, MutateOptions, MutateResult } from "./mutate/mutate.js";
export { mutate } from "./mutate/mutate.js";
export { type Repair, type RepairOptions, type RepairResult, repair } from "./mutate/repair.js";
export type { Severity, ViolationKind } from "./names.js";
export { type FlushLogResult, formOf, runFaultLog } from "./oplog/log.js";
export { type ConvertOptions, convert } from "./replay/convert.js";
export {
  type FlushCostOptions,
  type FlushCostRow,
  type FlushRequest,
  type FlushStrategy,
  flushCost,
  type PmdSharing,
  pmdSharing,
} from "./replay/flushcost.js";
export { flushesEvery, readFlushes } from "./replay/flushes.js";
export { type ReadingOptions, type Rereadable, recordsOf, rereadable } from "./replay/rereadable.js";
export {
  type RecordBatches,
  type TlbCurve,
  type TlbOptions,
  type TlbResult,
  type TlbRow,
  type TlbSweep,
  tlb,
  tlbEach,
} from "./replay/tlb.js";
export { rangeUnmap, type UnmapOptions, type UnmapResult } from "./replay/unmap.js";
export { type RunOptions, type RunResult, run } from "./run/run.js";
export { scenarios } from "./scenarios/index.js";
export type { Case, Scenario, Setup, TaskSpec } from "./scenarios/scenario.js";
export * as steps from "./scenarios/words.js";
