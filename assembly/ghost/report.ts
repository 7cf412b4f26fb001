/**
 * Violations and trace events, written as records for the host to read. A violation is a value, never a trap.
 */

import { EventKind, Fault } from "../abi/events";
import { Base, Boot, Event, Run, VIOLATION_AREA, VIOLATIONS_MAX, Violation } from "../abi/layout";
import { Tally } from "../abi/records";
import { Obligation } from "../abi/tasks";
import { base, boot, get, getLong, put, putLong, runWord, setRun, tally, tracing } from "../word";
import { covering, lifecycle } from "./coverage";

/** Who is moving: set by the runner before each step. */
export let currentAgent: u32 = 0;
export let currentPc: u32 = 0;

export function setCurrent(agent: u32, pc: u32): void {
  currentAgent = agent;
  currentPc = pc;
}

export function setCurrentAgent(agent: u32): void {
  currentAgent = agent;
}

export function setCurrentPc(pc: u32): void {
  currentPc = pc;
}

/** Records the first violation of a kind in this run; `obligation` (or 0) says what it is about. */
export function violation(kind: u32, obligation: u32, holders: u32): void {
  const seen = get(tally(Tally.VIOLATIONS));
  if (covering && obligation != 0) lifecycle(obligation, currentPc, kind, holders);
  if ((seen & (1 << kind)) != 0) return;
  put(tally(Tally.VIOLATIONS), seen | (1 << kind));
  const count = runWord(Run.VIOLATIONS);
  if (count < VIOLATIONS_MAX) {
    setRun(Run.VIOLATIONS, count + 1);
    const record: u32 = VIOLATION_AREA + count * Violation.WORDS;
    put(record + Violation.KIND, kind);
    put(record + Violation.STEP, get(tally(Tally.STEPS)));
    put(record + Violation.AGENT, currentAgent);
    put(record + Violation.PC, currentPc);
    put(record + Violation.STATE, 0);
    if (obligation != 0) {
      put(record + Violation.MM, get(obligation + Obligation.MM));
      putLong(record + Violation.START, getLong(obligation + Obligation.START));
      put(record + Violation.LEVEL, get(obligation + Obligation.LEVEL) | (get(obligation + Obligation.FLAGS) << 8));
      put(record + Violation.FRAME, get(obligation + Obligation.FRAME));
      put(record + Violation.GENERATION, get(obligation + Obligation.GENERATION));
      put(record + Violation.BIRTH, get(obligation + Obligation.BIRTH));
    } else {
      memory.fill((record + Violation.MM) << 2, 0, (Violation.STATE - Violation.MM) << 2);
    }
    put(record + Violation.HOLDERS, holders);
  }
  event(EventKind.VIOLATION, 0, 0, 0, 0, 0, kind);
}

/** Appends a trace event; a trace that is full keeps its beginning. */
export function event(kind: u32, cpu: u32, mm: u32, start: u64, end: u64, frame: u32, extra: u32): void {
  if (!tracing) return;
  const count = runWord(Run.EVENTS);
  if (count >= boot(Boot.EVENTS)) return;
  setRun(Run.EVENTS, count + 1);
  const record: u32 = base(Base.EVENT) + count * Event.WORDS;
  put(record + Event.KIND, kind);
  put(record + Event.STEP, get(tally(Tally.STEPS)));
  put(record + Event.AGENT, currentAgent);
  put(record + Event.PC, currentPc);
  put(record + Event.CPU, cpu);
  put(record + Event.MM, mm);
  putLong(record + Event.START, start);
  putLong(record + Event.END, end);
  put(record + Event.FRAME, frame);
  put(record + Event.EXTRA, extra);
}

/** What a step used although it is not there. */
export const enum Missing {
  ENTRY,
  PAGE,
  LOCK,
}

/** Whether `word` is a pointer to nothing; if so the kernel has crashed, and the step must not go on. */
export function isNull(word: u32, what: u32): bool {
  if (word != 0) return false;
  violation(Fault.OOPS, 0, what);
  return true;
}

export function sometimes(bits: u32): void {
  put(tally(Tally.SOMETIMES), get(tally(Tally.SOMETIMES)) | bits);
}

export function hidden(bits: u32): void {
  put(tally(Tally.HIDDEN), get(tally(Tally.HIDDEN)) | bits);
}
