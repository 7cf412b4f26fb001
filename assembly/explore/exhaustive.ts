/**
 * Every schedule, breadth first: the first violation of a kind comes with a schedule that no other undercuts.
 *
 * Protocol
 *   A state is taken from the queue, each agent that can move moves once and is undone (successors.ts), and successors
 *   whose fingerprint is new are appended to the queue. The host calls again and again, some states at a time, so that
 *   it can show progress and stop. A visited set or a queue that is full ends the search as incomplete.
 *
 * Invariants
 *   E1  Two states are taken for one when their fingerprints agree. For n states the chance that any two differ and
 *       agree is about n * n / 2^65 (2^129 when wide); the host prints it.
 *   E2  The first states are logged with their parent and the agent that moved, as many as there is room for: a path to
 *       them can be read back.
 */

import { Status } from "../abi/events";
import { Area, Base, Run, VIOLATION_AREA, Violation } from "../abi/layout";
import { Tally } from "../abi/records";
import { EDGE_NEW, EDGES_MAX, Full, Hardware, Search, Store, WATCH_STATES, WORKER_SHIFT } from "../abi/search";
import { audit } from "../check";
import { setCurrent } from "../ghost/report";
import { forgetOutcomes, noteOutcome } from "../outcome";
import { deadlocked, enabledMask, isFinished, reset } from "../run";
import { base, get, getLong, logFull, logInto, put, putLong, runWord, setRun, tally } from "../word";
import { keysStart } from "./fingerprint";
import { saturate, staleSlots } from "./hardware";
import { moveHardware } from "./hardware-moves";
import { layersAt, noteEdge, noteLayer, noteParent, watch } from "./paths";
import {
  dequeue,
  enqueue,
  liveCount,
  queueBytes,
  queued,
  queueStart,
  takenSecond,
  takenState,
  takenSum,
} from "./queue";
import { beginReduction, beginSymmetry, chosen, moveChosen, mustBeginAgain, startReduction } from "./reduction";
import * as space from "./space";
import * as next from "./successors";
import { noteTaken } from "./symmetry";
import { Visit, visit, visitedOmitted, visitedSlots, visitedStart, visitedTouch } from "./visited";

/** Agent and pc of a violation that no step made. */
const NOBODY: u32 = 0xffffffff;

let hardware: u32 = Hardware.ORACLE;
let wide: bool = false;
let statesMax: u64 = 0;
/** States that the layer under way ends before. */
let layerEnd: u32 = 0;
let watched: u32 = 0;
let edges: bool = false;
/** The high bits of a state's number: which worker of a split search found it. */
let mark: u32 = 0;

function states(): u32 {
  return runWord(Run.STATES);
}

function tellStart(): void {
  putLong(Area.RUN + Run.STATES, 0);
  putLong(Area.RUN + Run.TRANSITIONS, 0);
  setRun(Run.DEPTH, 0);
  setRun(Run.WIDEST, 1);
  setRun(Run.COMPLETE, 0);
  setRun(Run.HIDDEN, 0);
  setRun(Run.KINDS, 0);
  setRun(Run.VIOLATIONS, 0);
  setRun(Run.OVERFLOW, 0);
  for (let field: u32 = Search.BAD_STATES; field < <u32>Search.REDUCE; field++) space.tell(field, 0);
  space.tell(Search.BAD_DEPTH, 0xffffffff);
  space.tell(Search.WATCH_AT, space.watchAt >> 2);
  space.tell(Search.LAYERS_AT, layersAt());
  noteLayer(0, 1);
  space.tell(Search.EDGES_AT, space.edgesAt >> 2);
}

/** Begins at the initial state. False without memory. */
export function exploreStart(): bool {
  if (!prepare()) return false;
  settle(0xffffffff);
  return true;
}

/** Lays everything out and makes the initial state, the one successor of nothing. False without memory. */
export function prepare(): bool {
  if (!space.layOutSearch()) return false;
  hardware = space.asked(Search.HARDWARE);
  wide = space.asked(Search.STORE) == Store.WIDE;
  statesMax = getLong(space.searchWords() + Search.STATES_MAX);
  watched = space.asked(Search.WATCHED);
  edges = space.asked(Search.EDGES) != 0;
  mark = space.asked(Search.WORKER) << WORKER_SHIFT;
  startReduction(hardware);
  begin();
  return true;
}

/** Puts everything at the initial state, which is the one successor of nothing. */
function begin(): void {
  logInto(0, 0, 0, 0);
  reset();
  forgetOutcomes();
  tellStart();
  const words = space.stateWords();
  const hashed = base(Base.HASHED);
  const from = base(Base.STATE);
  visitedStart(space.visitedAt, space.visitedBytes, space.asked(Search.STORE));
  queueStart(space.queueAt, space.queueBytesMax, space.liveListAt, space.liveFlagsAt, words);
  keysStart(space.keysAt, from, words, base(Base.OBLIGATION) - from);
  beginSymmetry();
  beginReduction();
  next.setWide(wide);
  logInto(space.logAt, space.logEnd, hashed, base(Base.STATE_END) - hashed);
  layerEnd = 1;
  setRun(Run.STATUS, Status.RUNNING);
  next.noMoves(space.logAt);
  noteTaken();
  next.begin(0xffffffff);
  if (hardware == Hardware.SATURATED) saturate();
  next.end(0, 0);
}

/** Searches on for up to `count` states. Gives the status: RUNNING, FINISHED, BOUNDED, or STOPPED at the stop mask. */
export function explore(count: u32): u32 {
  let left = count;
  while (left > 0 && runWord(Run.STATUS) == Status.RUNNING) {
    if (watched != 0 && space.asked(Search.WATCH_COUNT) + next.SUCCESSORS_MAX > WATCH_STATES) break;
    if (edges && space.asked(Search.EDGE_COUNT) + next.SUCCESSORS_MAX > EDGES_MAX) break;
    if (mustBeginAgain(states(), queued == 0)) {
      begin();
      settle(0xffffffff);
    } else if (queued == 0) finished();
    else expand();
    left--;
  }
  space.tell(Search.QUEUE, queued);
  space.tell(Search.QUEUE_BYTES, queueBytes());
  space.tell(Search.LIVE, liveCount);
  tellVisited();
  return runWord(Run.STATUS);
}

/** Says how large the visited set is, and what it may have lost. */
export function tellVisited(): void {
  space.tell(Search.SLOTS, visitedSlots());
  store<f64>((space.searchWords() + Search.OMITTED) << 2, visitedOmitted());
}

function finished(): void {
  setRun(Run.COMPLETE, runWord(Run.OVERFLOW) == 0 ? 1 : 0);
  setRun(Run.STATUS, runWord(Run.OVERFLOW) == 0 ? Status.FINISHED : Status.BOUNDED);
}

export function bounded(full: u32): void {
  space.tell(Search.FULL, full);
  setRun(Run.STATUS, Status.BOUNDED);
}

/** A layer begins: its states are one step farther away. */
function nextLayer(): void {
  const width = states() - layerEnd;
  layerEnd = states();
  setRun(Run.WIDEST, max(runWord(Run.WIDEST), width));
  setRun(Run.DEPTH, runWord(Run.DEPTH) + 1);
  noteLayer(runWord(Run.DEPTH), states());
  put(tally(Tally.STEPS), runWord(Run.DEPTH));
  if ((runWord(Run.KINDS) & runWord(Run.STOP_MASK)) != 0) setRun(Run.STATUS, Status.STOPPED);
  else if (runWord(Run.DEPTH) >= runWord(Run.STEPS_MAX)) bounded(Full.DEPTH);
}

/** Moves every agent that can move once from the state that has waited longest. */
function expand(): void {
  dequeue();
  const parent = takenState;
  if (parent >= layerEnd) nextLayer();
  if (runWord(Run.STATUS) != Status.RUNNING) return;
  successors(parent);
  if (logFull) bounded(Full.LOG);
  else settle(parent);
}

/** The successors of the state that the machine is in, each made and undone. */
export function successors(parent: u32): void {
  put(tally(Tally.STEPS), runWord(Run.DEPTH) + 1);
  next.noMoves(space.logAt);
  noteTaken();
  let mask = chosen(enabledMask());
  if (mask == 0 && hardware != Hardware.ENUMERATED) over(parent);
  while (mask != 0) {
    const agent = <u32>ctz(mask);
    mask &= mask - 1;
    next.begin(agent);
    moveChosen(agent);
    collect(parent);
    ended();
  }
  if (hardware != Hardware.ORACLE) moveHardware(hardware);
  const words = space.searchWords() + Search.EXPANDED;
  putLong(words, getLong(words) + 1);
  putLong(Area.RUN + Run.TRANSITIONS, getLong(Area.RUN + Run.TRANSITIONS) + <u64>next.moveCount);
}

/** Nobody can move: a run that is over is judged by what it left behind, and what it came to is kept. */
function over(parent: u32): void {
  setCurrent(NOBODY, NOBODY);
  if (isFinished()) {
    audit();
    noteOutcome();
  } else deadlocked();
  collect(parent);
}

/** The step under way is over: the hardware does what it can at once, and the step is undone. */
export function ended(): void {
  if (hardware == Hardware.SATURATED) saturate();
  next.end(takenSum, takenSecond);
}

/** Looks the successors up, all on their way at once, and keeps the new ones. */
function settle(parent: u32): void {
  const count = next.moveCount;
  let touched: u64 = 0;
  for (let i: u32 = 0; i < count; i++) touched |= visitedTouch(next.keyOf(i));
  // Without a use of what was read, the reads would be optimised away.
  space.tell(Search.TOUCHED, <u32>touched);
  for (let i: u32 = 0; i < count; i++) {
    const result = visit(next.keyOf(i), next.secondKeyOf(i));
    if (edges) noteEdge(parent, next.agentOf(i) | (result == Visit.NEW ? EDGE_NEW : 0), next.keyOf(i));
    if (result == Visit.KNOWN) continue;
    if (result == Visit.FULL) {
      bounded(Full.VISITED);
      return;
    }
    if (!keep(parent, i)) return;
  }
}

/** A new state: logged, judged and queued. False when the search has no room left. */
export function keep(parent: u32, i: u32): bool {
  const state = states();
  if (<u64>state >= statesMax) {
    bounded(Full.STATES);
    return false;
  }
  putLong(Area.RUN + Run.STATES, <u64>state + 1);
  const sum = space.searchWords() + Search.KEY_SUM;
  putLong(sum, getLong(sum) + next.keyOf(i));
  noteParent(state, parent, next.agentOf(i));
  next.redo(i);
  if (hardware != Hardware.ORACLE) judge(parent, next.agentOf(i));
  if (watched != 0) watch(watched);
  const room = enqueue(mark | state, next.sumOf(i), next.secondSumOf(i));
  next.undoAgain(i);
  if (!room) bounded(Full.QUEUE);
  return room;
}

/** Counts what is stale in the state that the machine is in. */
function judge(parent: u32, agent: u32): void {
  setCurrent(agent, 0xffffffff);
  const found = staleSlots();
  if (found == 0) return;
  collect(parent);
  const words = space.searchWords();
  putLong(words + Search.BAD_STATES, getLong(words + Search.BAD_STATES) + 1);
  putLong(words + Search.INSTANCES, getLong(words + Search.INSTANCES) + <u64>found);
  if (space.asked(Search.BAD_DEPTH) == 0xffffffff) space.tell(Search.BAD_DEPTH, get(tally(Tally.STEPS)));
}

/** Takes note of what the step saw, and from which state a new violation was reached. */
function collect(parent: u32): void {
  const known = runWord(Run.KINDS);
  const kinds = get(tally(Tally.VIOLATIONS));
  setRun(Run.SOMETIMES, get(tally(Tally.SOMETIMES)));
  setRun(Run.HIDDEN, get(tally(Tally.HIDDEN)));
  setRun(Run.OVERFLOW, get(tally(Tally.OVERFLOW)));
  if (kinds == known) return;
  const count = runWord(Run.VIOLATIONS);
  for (let i: u32 = 0; i < count; i++) {
    const record: u32 = VIOLATION_AREA + i * Violation.WORDS;
    if ((known & (1 << get(record + Violation.KIND))) == 0) put(record + Violation.STATE, parent + 1);
  }
  setRun(Run.KINDS, known | kinds);
}
