/**
 * Every schedule, breadth first: the first violation of a kind comes with a shortest schedule.
 *
 * Protocol
 *   A layer holds the snapshots of all states at one depth; each is restored, each enabled agent moves once, and states
 *   that were not seen before make the next layer. The host calls again and again, some layers at a time, so that it
 *   can show progress and stop. A visited set or a layer that is full ends the search as incomplete.
 *
 * Invariants
 *   E1  Two states are taken for one when their 64-bit fingerprints agree. For n states the chance that any two differ
 *       and agree is about n * n / 2^65; the host prints it.
 *   E2  Every new state is logged with its parent and the agent that moved, so a path can be read back.
 *
 * Units: the visited region holds Boot.VISITED slots of fingerprint (2 words) and as many log entries (2 words).
 */

import { Status } from "../abi/events";
import { Area, Base, Boot, Run, VIOLATION_AREA, Violation } from "../abi/layout";
import { Tally } from "../abi/records";
import { audit } from "../check";
import { setCurrent } from "../ghost/report";
import { forgetOutcomes, noteOutcome } from "../outcome";
import {
  agentCount,
  deadlocked,
  enabledMask,
  isEnabled,
  isFinished,
  kernelAgents,
  reset,
  stateBytes,
  stepAgent,
} from "../run";
import { base, boot, get, getLong, put, putLong, runWord, setRun, stateBase, tally } from "../word";
import { hashState } from "./hash";

/** Agent and pc of a violation that no step made. */
const NOBODY: u32 = 0xffffffff;

let layer: u32 = 0;
let width: u32 = 0;
let widthNext: u32 = 0;

function slotOf(fingerprint: u64): u32 {
  return base(Base.VISITED) + ((<u32>fingerprint & (boot(Boot.VISITED) - 1)) << 1);
}

/** Adds a fingerprint; true when it was not there. Zero is the empty slot. */
function visit(fingerprint: u64): bool {
  const key = fingerprint == 0 ? 1 : fingerprint;
  const first = base(Base.VISITED);
  const last = first + (boot(Boot.VISITED) << 1);
  let slot = slotOf(key);
  while (getLong(slot) != 0) {
    if (getLong(slot) == key) return false;
    slot += 2;
    if (slot == last) slot = first;
  }
  putLong(slot, key);
  return true;
}

function logAt(state: u32): u32 {
  return base(Base.VISITED) + (boot(Boot.VISITED) << 1) + (state << 1);
}

function snapshotAt(which: u32, index: u32): u32 {
  const words = (stateBytes() >> 2) + 1;
  return base(Base.FRONTIER) + (which * boot(Boot.FRONTIER) + index) * words;
}

function keep(which: u32, index: u32, state: u32): void {
  const at = snapshotAt(which, index);
  put(at, state);
  memory.copy((at + 1) << 2, stateBase << 2, stateBytes());
}

function states(): u32 {
  return runWord(Run.STATES);
}

/** Begins at the initial state. */
export function exploreStart(): void {
  memory.fill(base(Base.VISITED) << 2, 0, boot(Boot.VISITED) << 3);
  reset();
  forgetOutcomes();
  visit(hashState());
  put(logAt(0), 0);
  put(logAt(0) + 1, 0xffffffff);
  putLong(Area.RUN + Run.STATES, 1);
  putLong(Area.RUN + Run.TRANSITIONS, 0);
  setRun(Run.DEPTH, 0);
  setRun(Run.WIDEST, 1);
  setRun(Run.COMPLETE, 0);
  setRun(Run.SOMETIMES, get(tally(Tally.SOMETIMES)));
  setRun(Run.HIDDEN, 0);
  setRun(Run.KINDS, 0);
  setRun(Run.VIOLATIONS, 0);
  setRun(Run.OVERFLOW, 0);
  keep(0, 0, 0);
  layer = 0;
  width = 1;
  setRun(Run.STATUS, Status.RUNNING);
}

/** Searches up to `count` more layers. Gives the status: RUNNING, FINISHED, BOUNDED, or STOPPED at the stop mask. */
export function exploreLayers(count: u32): u32 {
  let left = count;
  while (left > 0 && runWord(Run.STATUS) == Status.RUNNING) {
    exploreLayer();
    left--;
  }
  return runWord(Run.STATUS);
}

function exploreLayer(): void {
  widthNext = 0;
  for (let i: u32 = 0; i < width; i++) {
    const at = snapshotAt(layer, i);
    if (!expand(at)) {
      setRun(Run.STATUS, Status.BOUNDED);
      return;
    }
  }
  layer ^= 1;
  width = widthNext;
  setRun(Run.WIDEST, max(runWord(Run.WIDEST), width));
  if (width > 0) setRun(Run.DEPTH, runWord(Run.DEPTH) + 1);
  if ((runWord(Run.KINDS) & runWord(Run.STOP_MASK)) != 0) setRun(Run.STATUS, Status.STOPPED);
  else if (width == 0) {
    setRun(Run.COMPLETE, runWord(Run.OVERFLOW) == 0 ? 1 : 0);
    setRun(Run.STATUS, runWord(Run.OVERFLOW) == 0 ? Status.FINISHED : Status.BOUNDED);
  } else if (runWord(Run.DEPTH) >= runWord(Run.STEPS_MAX)) setRun(Run.STATUS, Status.BOUNDED);
}

function restore(at: u32): void {
  memory.copy(stateBase << 2, (at + 1) << 2, stateBytes());
  // Only kinds that are new to the whole search are written down.
  put(tally(Tally.VIOLATIONS), runWord(Run.KINDS));
}

/** Moves every enabled agent once from the snapshot. False when the search has no room left. */
function expand(at: u32): bool {
  const parent = get(at);
  restore(at);
  const mask = enabledMask();
  const agents = agentCount();
  if (mask == 0 && agents == kernelAgents()) {
    setCurrent(NOBODY, NOBODY);
    if (isFinished()) ended();
    else deadlocked();
    collect(parent);
    return true;
  }
  let moved = false;
  for (let agent: u32 = 0; agent < agents; agent++) {
    if (agent < kernelAgents() ? ((mask >> <u64>agent) & 1) == 0 : !isEnabled(agent)) continue;
    if (moved) restore(at);
    moved = true;
    stepAgent(agent);
    collect(parent);
    putLong(Area.RUN + Run.TRANSITIONS, getLong(Area.RUN + Run.TRANSITIONS) + 1);
    if (!visit(hashState())) continue;
    const state = states();
    if (state + 1 > (boot(Boot.VISITED) >> 2) * 3 || widthNext >= boot(Boot.FRONTIER)) return false;
    putLong(Area.RUN + Run.STATES, getLong(Area.RUN + Run.STATES) + 1);
    put(logAt(state), parent);
    put(logAt(state) + 1, agent);
    keep(layer ^ 1, widthNext++, state);
  }
  return true;
}

/** A run is over: what it left behind is judged, and what it came to is kept. */
function ended(): void {
  audit();
  noteOutcome();
}

/** Takes note of what the step saw, and from which state a new violation was reached. */
function collect(parent: u32): void {
  const known = runWord(Run.KINDS);
  const kinds = get(tally(Tally.VIOLATIONS));
  setRun(Run.SOMETIMES, runWord(Run.SOMETIMES) | get(tally(Tally.SOMETIMES)));
  setRun(Run.HIDDEN, runWord(Run.HIDDEN) | get(tally(Tally.HIDDEN)));
  setRun(Run.OVERFLOW, runWord(Run.OVERFLOW) | get(tally(Tally.OVERFLOW)));
  if (kinds == known) return;
  const count = runWord(Run.VIOLATIONS);
  for (let i: u32 = 0; i < count; i++) {
    const record: u32 = VIOLATION_AREA + i * Violation.WORDS;
    if ((known & (1 << get(record + Violation.KIND))) == 0) put(record + Violation.STATE, parent + 1);
  }
  setRun(Run.KINDS, known | kinds);
}

/** Writes the agents that lead from the initial state to `state` into the schedule region; gives their number. */
export function pathTo(state: u32): u32 {
  let length: u32 = 0;
  let at = state;
  while (at != 0) {
    length++;
    at = get(logAt(at));
  }
  const bytes = base(Base.SCHEDULE) << 2;
  if (length > boot(Boot.SCHEDULE)) return 0xffffffff;
  at = state;
  let i = length;
  while (at != 0) {
    i--;
    store<u8>(bytes + i, <u8>get(logAt(at) + 1));
    at = get(logAt(at));
  }
  return length;
}
