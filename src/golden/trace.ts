/**
 * What the machine's trace says that a recording says too: flushes asked for, and invalidations that CPUs made.
 */
import { EventKind } from "../../assembly/abi/events.js";
import { Base, Event, Run } from "../../assembly/abi/layout.js";
import { Scope } from "../../assembly/abi/operands.js";
import { pagesOf, spacePages } from "../geometry.js";
import type { Machine } from "../machine.js";
import { EVENTS_MAX, PAGE_BYTES } from "./boot.js";
import type { Flush } from "./format.js";

/** One invalidation that a CPU made. */
export interface Invalidation {
  readonly cpu: number;
  readonly mm: string;
  /** First byte of the page that was invalidated; "all" is the whole context. */
  readonly address: number | "all";
}

export interface Traced {
  readonly flushes: readonly Flush[];
  readonly invalidations: readonly Invalidation[];
}

/** Reads the trace since it was last begun. `nameOf` gives the process of an mm. */
export function readTrace(machine: Machine, nameOf: (mm: number) => string): Traced {
  const count = machine.run(Run.EVENTS);
  if (count >= EVENTS_MAX) throw new Error("the trace is full: a line of the script did more than it has room for");
  const flushes: Flush[] = [];
  const invalidations: Invalidation[] = [];
  for (let i = 0; i < count; i++) {
    const at = machine.base(Base.EVENT) + i * Event.WORDS;
    const kind = machine.get(at + Event.KIND);
    if (kind !== EventKind.FLUSH && kind !== EventKind.INVALIDATED) continue;
    const mm = nameOf(machine.get(at + Event.MM));
    if (kind === EventKind.FLUSH) flushes.push(flushAt(machine, at, mm));
    else invalidations.push(invalidationAt(machine, at, mm));
  }
  return { flushes, invalidations };
}

function flushAt(machine: Machine, at: number, mm: string): Flush {
  const extra = machine.get(at + Event.EXTRA);
  const start = machine.long(at + Event.START) * PAGE_BYTES;
  const end = machine.long(at + Event.END) * PAGE_BYTES;
  const whole = start === 0 && end === spacePages(machine.geometry) * PAGE_BYTES;
  return {
    mm,
    range: whole ? "all" : [start, end],
    strideShift: Math.log2(PAGE_BYTES * pagesOf(machine.geometry, extra & 255)),
    freedTables: ((extra >> 8) & 1) !== 0,
  };
}

function invalidationAt(machine: Machine, at: number, mm: string): Invalidation {
  const whole = machine.get(at + Event.FRAME) === Scope.CONTEXT;
  const address = whole ? "all" : machine.long(at + Event.START) * PAGE_BYTES;
  return { cpu: machine.get(at + Event.CPU), mm, address };
}
