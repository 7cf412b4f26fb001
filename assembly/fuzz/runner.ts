/**
 * One run: a schedule is followed or drawn from the initial state, under the oracle, and its violations get signatures.
 *
 * A schedule is one byte, the agent's number, for each step at which more than one agent could move. In an input any
 * byte will do: it is taken modulo the number of agents, and the next agent after it that can move is meant. When the
 * bytes are used up, the strategy goes on; without one, the agent that moved last does while it can.
 */
import { Fault, Status } from "../abi/events";
import {
  CALLS_MAX,
  CallEntry,
  CallFlag,
  FuzzMode,
  FuzzWord,
  INPUT_MAX,
  NO_LINE,
  SIGNATURES_MAX,
  Signature,
} from "../abi/fuzz";
import { Boot, Run, VIOLATION_AREA, Violation } from "../abi/layout";
import { Op } from "../abi/ops";
import { Tally } from "../abi/records";
import { Task } from "../abi/tasks";
import { feature, fresh, moverAt, noteOp, opAt, watch } from "../ghost/coverage";
import { setCurrentAgent } from "../ghost/report";
import { deadlocked, isFinished, kernelAgents, reset, stepAgent } from "../run";
import { stepTask } from "../step";
import { add, boot, codeBase, get, put, runWord, setRun, tally, taskAt, tasks } from "../word";
import { movedTask, objectOf, ready, startAgents } from "./agents";
import { findings, lines, schedule, setWord, table, word } from "./block";
import { endSchedule, pick, startSchedule } from "./strategy";

const INTERRUPT: u32 = 0xffff;

// The op that was last at an object, in a small table: object, number of the run, op, agent.
const SLOTS: u32 = 64;
const recent = memory.data(64 * 16, 16);
let run: u32 = 0;

function note(object: u32, agent: u32, pc: u32): void {
  if (object == 0) return;
  const at = recent + (((object ^ (object >> 6)) & (SLOTS - 1)) << 4);
  const key = <u64>object | ((<u64>run) << 32);
  const other = load<u32>(at, 12) != agent;
  // `&`, not `&&`: whether another was here last is as good as random.
  if (<u32>(load<u64>(at) == key) & <u32>other) {
    feature(load<u32>(at, 8), pc | (agent >= tasks ? 0x20000000 : 0));
  }
  store<u64>(at, key);
  store<u64>(at, <u64>pc | ((<u64>agent) << 32), 8);
}

/** The agent that a byte of an input means. */
function meant(byte: u32, mask: u64): u32 {
  const first = byte % kernelAgents();
  const above = mask >> <u64>first;
  return above != 0 ? first + <u32>ctz(above) : <u32>ctz(mask);
}

let used: u32 = 0;

export function step(steps: u32, agent: u32): void {
  if (agent < tasks) {
    const task = taskAt(agent);
    const pc = get(task + Task.PC);
    noteOp(steps, pc, agent);
    note(objectOf(agent), agent, pc);
    add(tally(Tally.STEPS), 1);
    setCurrentAgent(agent);
    stepTask(task);
    movedTask(agent);
  } else {
    noteOp(steps, INTERRUPT, agent);
    note(objectOf(agent), agent, INTERRUPT);
    stepAgent(agent);
  }
}

/** `from`, `bytes`: the schedule to follow first; `drawn`: a strategy goes on. Gives the status; STEPS of Tally. */
function follow(from: u32, bytes: u32, drawn: bool): u32 {
  const stepsMax = word(FuzzWord.STEPS_MAX);
  let steps: u32 = 0;
  let last: u32 = 0;
  let read: u32 = 0;
  let kept: u32 = 0;
  startAgents();
  while (steps < stepsMax) {
    const mask = ready();
    if (mask == 0) {
      used = kept;
      return isFinished() ? <u32>Status.FINISHED : deadlocked();
    }
    const choice = (mask & (mask - 1)) != 0;
    let agent: u32 = 0;
    if (read < bytes) agent = choice ? meant(load<u8>(from + read++), mask) : <u32>ctz(mask);
    else if (drawn) agent = pick(mask, steps + 1);
    else agent = ((mask >> <u64>last) & 1) != 0 ? last : <u32>ctz(mask);
    // Written always, kept where there was a choice.
    store<u8>(schedule + kept, <u8>agent);
    kept = min<u32>(kept + <u32>choice, INPUT_MAX);
    steps++;
    step(steps, agent);
    last = agent;
  }
  used = kept;
  return Status.BOUNDED;
}

function lineOf(pc: u32): u32 {
  return pc >= INTERRUPT ? INTERRUPT : load<u16>((lines << 2) + (pc << 1));
}

/** Whether the last run broke the promise `kind` over what was taken away at line `birth`, at line `at`. */
export function showed(kind: u32, birth: u32, at: u32): bool {
  const count = runWord(Run.VIOLATIONS);
  for (let i: u32 = 0; i < count; i++) {
    const record: u32 = VIOLATION_AREA + i * Violation.WORDS;
    if (get(record + Violation.KIND) != kind || placeOf(record) != at || isOthers(record)) continue;
    if (birthLine(record) == birth) return true;
  }
  return false;
}

/** Line of the step at which the violation's obligation was born; NO_LINE when it is about none. */
function birthLine(record: u32): u32 {
  const birth = get(record + Violation.BIRTH);
  return birth == 0 ? NO_LINE : lineOf(opAt(birth));
}

/** Where a violation is: a deadlock is where its first task waits, not where somebody else moved last. */
function placeOf(record: u32): u32 {
  if (get(record + Violation.KIND) != Fault.DEADLOCK) return lineOf(get(record + Violation.PC));
  for (let i: u32 = 0; i < tasks; i++) {
    if (get(taskAt(i) + Task.DONE) == 0) return lineOf(get(taskAt(i) + Task.PC));
  }
  return NO_LINE;
}

/** Counts a violation under its signature; true when it is the first of it. */
function sign(record: u32): bool {
  const kind = get(record + Violation.KIND);
  const from = birthLine(record);
  const at = placeOf(record);
  const errata = boot(Boot.ERRATA);
  const known = word(FuzzWord.SIGNATURES);
  for (let i: u32 = 0; i < known; i++) {
    const other = findings + i * Signature.WORDS;
    if (get(other + Signature.KIND) != kind || get(other + Signature.BIRTH) != from) continue;
    if (get(other + Signature.AT) != at || get(other + Signature.ERRATA) != errata) continue;
    put(other + Signature.COUNT, get(other + Signature.COUNT) + 1);
    return false;
  }
  if (known == SIGNATURES_MAX) return false;
  const fresher = findings + known * Signature.WORDS;
  put(fresher + Signature.KIND, kind);
  put(fresher + Signature.BIRTH, from);
  put(fresher + Signature.AT, at);
  put(fresher + Signature.COUNT, 1);
  put(fresher + Signature.ERRATA, errata);
  setWord(FuzzWord.SIGNATURES, known + 1);
  return true;
}

/**
 * What is another call's matter. A call has returned while what another task took away is still owed: that task is
 * about to flush, and in most pairs of calls the kernel promises nothing: only a call's own are findings, and what a
 * call that DEFERS took away when a call that HEEDS and has begun since returns. The tasks of a scenario are chosen,
 * and there the oracle's word stands: it counts what was owed when the call began.
 */
function isOthers(record: u32): bool {
  if (word(FuzzWord.MODE) == FuzzMode.FIXED) return false;
  const kind = get(record + Violation.KIND);
  const birth = get(record + Violation.BIRTH);
  if (kind != Fault.RIGHTS_OUTLIVE_CALL) return false;
  if (moverAt(birth) == get(record + Violation.AGENT)) return false;
  if (!isOf(opAt(birth), CallFlag.DEFERS) || !isOf(get(record + Violation.PC), CallFlag.HEEDS)) return true;
  return !hasBegunSince(get(record + Violation.AGENT), birth, get(record + Violation.STEP));
}

/** Whether the call of `agent` that ends with step `end` made its first step after step `birth`. */
function hasBegunSince(agent: u32, birth: u32, end: u32): bool {
  for (let step = end - 1; step > 0; step--) {
    if (moverAt(step) != agent) continue;
    if (get(codeBase + (opAt(step) << 2)) == Op.RETURN) return true;
    if (step < birth) return false;
  }
  return true;
}

/** Whether the op `pc` belongs to a call with the flag: a call's ops follow its first one. */
function isOf(pc: u32, flag: u32): bool {
  let best: u32 = 0;
  let flags: u32 = 0;
  for (let i: u32 = 0; i < CALLS_MAX; i++) {
    const entry = table + i * CallEntry.WORDS;
    const first = get(entry + CallEntry.ENTRY);
    if (first > pc || first < best) continue;
    best = first;
    flags = get(entry + CallEntry.FLAGS);
  }
  return (flags & flag) != 0;
}

/** Signs the violations of the run. Gives how many were never seen before. */
function signAll(): u32 {
  const kinds = word(FuzzWord.KINDS);
  const count = runWord(Run.VIOLATIONS);
  let found: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const record: u32 = VIOLATION_AREA + i * Violation.WORDS;
    if (((kinds >> get(record + Violation.KIND)) & 1) == 0 || isOthers(record)) continue;
    if (sign(record)) found++;
  }
  return found;
}

/** Signatures that the last run was the first to show; features that were new in it. */
export let newSignatures: u32 = 0;
export let newFeatures: u32 = 0;

/** The machine is where the race begins. */
export function beginRun(): void {
  reset();
  setRun(Run.VIOLATIONS, 0);
  run++;
  watch(true);
  used = 0;
}

/** Keeps a choice that was made outside of follow(). */
export function chose(mask: u64, agent: u32): void {
  store<u8>(schedule + used, <u8>agent);
  used = min<u32>(used + <u32>((mask & (mask - 1)) != 0), INPUT_MAX);
}

/** What the run that has ended showed. */
export function endRun(status: u32): u32 {
  newFeatures = fresh;
  watch(false);
  setWord(FuzzWord.FEATURES, word(FuzzWord.FEATURES) + newFeatures);
  setWord(FuzzWord.STATUS, status);
  setWord(FuzzWord.LAST_STEPS, get(tally(Tally.STEPS)));
  setWord(FuzzWord.LAST_KINDS, get(tally(Tally.VIOLATIONS)));
  setWord(FuzzWord.SCHEDULE_USED, used);
  newSignatures = runWord(Run.VIOLATIONS) != 0 ? signAll() : 0;
  return status;
}

/** One run from the initial state. */
export function runOne(from: u32, bytes: u32, drawn: bool): u32 {
  beginRun();
  if (drawn) startSchedule();
  const status = follow(from, bytes, drawn);
  if (drawn) endSchedule(get(tally(Tally.STEPS)));
  return endRun(status);
}
