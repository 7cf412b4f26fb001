/**
 * Campaigns: programs and schedules, drawn or changed, thousands of runs in one call.
 *
 * Protocol
 *   `fuzzRuns()` makes FuzzWord.WANTED runs, or fewer when one shows a finding that is new: then the input and the
 *   schedule of that run stay where they are for the host to take, and the next call goes on. A program is drawn, set
 *   up once, and followed on several schedules.
 *   `fuzzInput()` runs the input that the host has written, once, its schedule first.
 *
 * Same random state and corpus, same runs, on every machine.
 */
import { Status } from "../abi/events";
import { CorpusEntry, FuzzMode, FuzzWord } from "../abi/fuzz";
import { Tally } from "../abi/records";
import { hashState } from "../explore/hash";
import { get, tally } from "../word";
import { count, input, setWord, word } from "./block";
import { bytesOf, choose, keep } from "./corpus";
import { drawProgram } from "./draw";
import { changeSchedule, mutate } from "./mutate";
import { prepare, setupSteps } from "./program";
import { below, onceIn } from "./rng";
import { newFeatures, newSignatures, runOne, showed } from "./runner";
import { forgetLength, newProgram } from "./strategy";

/** One program in so many is new although there is a corpus. */
const NEW_PROGRAMS: u32 = 4;

let parent: u32 = 0;
/** A program that shows something new is followed on so many schedules more. */
const MORE_SCHEDULES: u32 = 4;

/** Schedules still to draw for the program that is set up; where its parent's schedule lies, and how long it is. */
let schedulesLeft: u32 = 0;
let parentSchedule: u32 = 0;
let parentBytes: u32 = 0;

/** Puts the next program into the input. */
function nextProgram(): void {
  parent = 0;
  parentBytes = 0;
  if (word(FuzzWord.MODE) == FuzzMode.GUIDED && !onceIn(NEW_PROGRAMS)) parent = choose();
  if (parent == 0) {
    drawProgram();
    return;
  }
  const program = get(parent + CorpusEntry.SCHEDULE_AT);
  memory.copy(input, bytesOf(parent), program);
  setWord(FuzzWord.LENGTH, program);
  parentSchedule = bytesOf(parent) + program;
  parentBytes = get(parent + CorpusEntry.LENGTH) - program;
  if (!onceIn(8)) mutate();
}

function prepareNext(): bool {
  nextProgram();
  newProgram();
  const ok = prepare();
  count(FuzzWord.PROGRAMS, 1);
  if (!ok) count(FuzzWord.REJECTED, 1);
  return ok;
}

/** Half of the runs begin as the parent's did, some with a byte changed. */
function runNext(): u32 {
  if (parentBytes == 0 || onceIn(2)) return runOne(0, 0, true);
  const bytes = below(parentBytes + 1);
  const at = input + 2048;
  memory.copy(at, parentSchedule, bytes);
  if (onceIn(2)) changeSchedule(at, bytes);
  return runOne(at, bytes, true);
}

function tallyRun(status: u32): void {
  if (status == Status.BOUNDED) count(FuzzWord.BOUNDED, 1);
  if (get(tally(Tally.OVERFLOW)) != 0) count(FuzzWord.OVERFLOWED, 1);
  if ((get(tally(Tally.VIOLATIONS)) & word(FuzzWord.HARM)) != 0) count(FuzzWord.HARMED, 1);
  if (get(tally(Tally.STEPS)) > word(FuzzWord.LONGEST)) setWord(FuzzWord.LONGEST, get(tally(Tally.STEPS)));
}

/**
 * A new program is to be drawn next, and nothing is remembered but what lies in the regions: a campaign that is saved
 * here goes on from here as if it had not been stopped.
 */
export function fuzzFresh(): void {
  schedulesLeft = 0;
  parentBytes = 0;
  setWord(FuzzWord.LENGTH, 0);
  fuzzForget();
}

/** Makes runs until enough are made or one shows something that no run has shown. Gives the number of new findings. */
export function fuzzRuns(): u32 {
  const wanted = word(FuzzWord.WANTED);
  const isFixed = word(FuzzWord.MODE) == FuzzMode.FIXED || word(FuzzWord.MODE) == FuzzMode.SAME;
  let runs: u32 = 0;
  let steps: u64 = 0;
  let found: u32 = 0;
  setWord(FuzzWord.PROGRAMS, 0);
  while (runs < wanted && found == 0) {
    if (!isFixed && schedulesLeft == 0) {
      if (!prepareNext()) continue;
      steps += <u64>setupSteps;
      schedulesLeft = max<u32>(word(FuzzWord.SCHEDULES), 1);
    }
    tallyRun(runNext());
    steps += <u64>get(tally(Tally.STEPS));
    runs++;
    if (!isFixed) {
      schedulesLeft--;
      if (newFeatures != 0 && word(FuzzWord.MODE) == FuzzMode.GUIDED) {
        keep(parent);
        schedulesLeft = max(schedulesLeft, MORE_SCHEDULES);
      }
    }
    found = newSignatures;
  }
  setWord(FuzzWord.RUNS, runs);
  setWord(FuzzWord.STEPS, <u32>steps);
  setWord(FuzzWord.STEPS + 1, <u32>(steps >> 32));
  return found;
}

/** Runs the input once: its schedule, and then on without changing agents. False when its set-up goes wrong. */
export function fuzzInput(): bool {
  schedulesLeft = 0;
  if (!prepare()) return false;
  const at = word(FuzzWord.SCHEDULE_AT);
  runOne(input + at, word(FuzzWord.LENGTH) - at, false);
  return true;
}

/** Sets up the program of the input, so that FuzzMode.FIXED can draw schedules for it. */
export function fuzzPrepare(): bool {
  schedulesLeft = 0;
  parentBytes = 0;
  newProgram();
  return prepare();
}

/** What strategies remember of earlier runs is forgotten. */
export function fuzzForget(): void {
  newProgram();
  forgetLength();
}

/** Draws up to FuzzWord.WANTED schedules for what is set up until one shows the violation. */
export function fuzzSeek(kind: u32, birth: u32, at: u32): bool {
  const wanted = word(FuzzWord.WANTED);
  for (let run: u32 = 0; run < wanted; run++) {
    runOne(0, 0, true);
    if (showed(kind, birth, at)) return true;
  }
  return false;
}

/** Whether the last run showed the violation. */
export function fuzzShowed(kind: u32, birth: u32, at: u32): bool {
  return showed(kind, birth, at);
}

/** Follows the schedule at FuzzWord.SCHEDULE_AT of the input from the initial state that is set up. */
export function fuzzFollow(): void {
  const at = word(FuzzWord.SCHEDULE_AT);
  runOne(input + at, word(FuzzWord.LENGTH) - at, false);
}

/** Fingerprint of the final state of the last run, into FuzzWord.SUM. */
export function fuzzHash(): void {
  const value = hashState();
  setWord(FuzzWord.SUM, <u32>value);
  setWord(FuzzWord.SUM + 1, <u32>(value >> 32));
}
