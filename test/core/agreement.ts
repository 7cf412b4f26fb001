/**
 * One run with both oracles watching: the core's obligations and the Maps of saturated.ts.
 */
import { EventKind, Fault } from "../../assembly/abi/events.js";
import { Base, Event, Run } from "../../assembly/abi/layout.js";
import { Op } from "../../assembly/abi/ops.js";
import { Cpu, Tally } from "../../assembly/abi/records.js";
import { OBLIGATION_TABLE, Obligation, ObligationFlag } from "../../assembly/abi/tasks.js";
import type { Machine } from "../../src/machine.js";
import { type Held, Saturated } from "./saturated.js";

const STEPS_MAX = 5000;
const STALE = (1 << Fault.STALE_TRANSLATION) | (1 << Fault.STALE_WALK);

/** mulberry32: small, good enough, the same everywhere. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export function agentsOf(mask: bigint): number[] {
  const agents: number[] = [];
  for (let rest = mask, agent = 0; rest !== 0n; rest >>= 1n, agent++) if ((rest & 1n) !== 0n) agents.push(agent);
  return agents;
}

export interface Outcome {
  readonly isStale: boolean;
  /** Where the two first differed, with the schedule so far; undefined when they never did. */
  readonly differs?: string;
}

/** One random run from the initial state. */
export function runOnce(machine: Machine, seed: number): Outcome {
  const { call } = machine.core;
  const draw = random(seed);
  const schedule: number[] = [];
  call.reset();
  machine.setRun(Run.VIOLATIONS, 0);
  const maps = new Saturated(machine);
  let isStale = false;
  while (schedule.length < STEPS_MAX) {
    const agents = agentsOf(call.enabledMask());
    if (agents.length === 0) break;
    const agent = agents[draw(agents.length)] as number;
    schedule.push(agent);
    machine.setRun(Run.EVENTS, 0);
    call.stepAgent(agent);
    // No room for another obligation: the core says "bounded", and there is nothing to compare.
    if (machine.tally(Tally.OVERFLOW) !== 0) break;
    maps.follow();
    if (!hasHappened(machine)) continue;
    isStale ||= maps.staleUsers() !== 0;
    const what = difference(machine, maps, isStale);
    if (what !== undefined)
      return { isStale, differs: `${what} after ${schedule.length} steps: ${schedule.join(" ")}` };
  }
  return { isStale };
}

/** Something that could make a difference: an access, a lock or a count that changed could not. */
function hasHappened(machine: Machine): boolean {
  const isRelevant = (op: Op): boolean => op < Op.LOCK_READ || op > Op.DOWNGRADE;
  for (let i = 0; i < machine.run(Run.EVENTS); i++) {
    const at = machine.base(Base.EVENT) + i * Event.WORDS;
    if (machine.get(at + Event.KIND) !== EventKind.STEP) return true;
    const op = machine.program[machine.get(at + Event.PC)]?.op;
    if (op === undefined || isRelevant(op)) return true;
  }
  return false;
}

function difference(machine: Machine, maps: Saturated, isStale: boolean): string | undefined {
  const isReported = (machine.tally(Tally.VIOLATIONS) & STALE) !== 0;
  if (isStale && !isReported) return "only the Maps see stale use";
  if (isReported && !isStale) return "only the core reports stale use";
  return notOwed(machine, maps) ?? notHeld(machine, maps);
}

const keyOf = (mm: number, level: number, start: number, frame: number, generation: number): string =>
  [mm, level, start, frame, generation].join(" ");

const levelOf = (held: Held): number => (held.isPointer ? held.level | OBLIGATION_TABLE : held.level);

/** Something beyond the tables that a CPU holds in the Maps, and no obligation says so. */
function notOwed(machine: Machine, maps: Saturated): string | undefined {
  const owed = new Map<string, number>();
  for (let i = 0; i < machine.obligations(); i++) {
    const { key, holders } = readObligation(machine, i);
    owed.set(key, (owed.get(key) ?? 0) | holders);
  }
  for (let cpu = 0; cpu < machine.config.cpus; cpu++) {
    for (let mm = 0; mm < machine.config.mms; mm++) {
      for (const held of maps.beyondTables(cpu, mm)) {
        const key = keyOf(mm, levelOf(held), held.start, held.frame, held.generation);
        if (((owed.get(key) ?? 0) & (1 << cpu)) === 0) return `nobody owes what CPU${cpu} holds: ${key}`;
      }
    }
  }
  return undefined;
}

/** An obligation of a CPU that, in the Maps, holds nothing of the kind. */
function notHeld(machine: Machine, maps: Saturated): string | undefined {
  for (let i = 0; i < machine.obligations(); i++) {
    const { key, mm, holders, flags } = readObligation(machine, i);
    for (let cpu = 0; cpu < machine.config.cpus; cpu++) {
      if ((holders & (1 << cpu)) === 0 || machine.get(machine.cpu(cpu) + Cpu.LOADED_MM) !== mm + 1) continue;
      const cache = maps.caches[cpu]?.[mm] as Map<string, Held>;
      const isHeld = [...cache.values()].some(
        (held) => keyOf(mm, levelOf(held), held.start, held.frame, held.generation) === key && isAsOwed(held, flags),
      );
      if (!isHeld) return `CPU${cpu} owes what it cannot hold: ${key}, flags ${flags}`;
    }
  }
  return undefined;
}

const isAsOwed = (held: Held, flags: number): boolean => (flags & ObligationFlag.RIGHTS) === 0 || held.isWritable;

function readObligation(machine: Machine, index: number): { key: string; mm: number; holders: number; flags: number } {
  const at = machine.obligation(index);
  const word = (field: Obligation): number => machine.get(at + field);
  const mm = word(Obligation.MM);
  const start = machine.long(at + Obligation.START);
  const key = keyOf(mm, word(Obligation.LEVEL), start, word(Obligation.FRAME), word(Obligation.GENERATION));
  return { key, mm, holders: word(Obligation.HOLDERS), flags: word(Obligation.FLAGS) };
}
