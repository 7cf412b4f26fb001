/**
 * Paths: a run as the list of every agent that moved, forced moves included. What searches and shrinking work on.
 */
import { Status } from "../../assembly/abi/events.js";
import { Run } from "../../assembly/abi/layout.js";
import { Tally } from "../../assembly/abi/records.js";
import type { Machine } from "../machine.js";

/** Agents that can move now. */
export function enabledAgents(machine: Machine): number[] {
  const agents: number[] = [];
  let mask = BigInt.asUintN(64, machine.core.call.enabledMask());
  for (let agent = 0; mask !== 0n; agent++, mask >>= 1n) if ((mask & 1n) === 1n) agents.push(agent);
  return agents;
}

/** Back to the start of the race, with no violation noted. */
export function restart(machine: Machine): void {
  machine.core.call.reset();
  machine.setRun(Run.VIOLATIONS, 0);
}

/** When nobody can move: notes a deadlock, or what a run that is over has left out of balance. */
export function judgeEnd(machine: Machine): void {
  const { call } = machine.core;
  if (call.enabledMask() !== 0n) return;
  machine.setRun(Run.SCHEDULE_LENGTH, 0);
  if (call.runSchedule() === Status.FINISHED) call.audit();
}

export function hasViolation(machine: Machine, kind: number): boolean {
  return (machine.tally(Tally.VIOLATIONS) & (1 << kind)) !== 0;
}

/** The choices of a path: its schedule bytes, without the forced moves. The path must fit. */
export function choicesOf(machine: Machine, path: readonly number[]): number[] {
  restart(machine);
  const choices: number[] = [];
  for (const agent of path) {
    if (enabledAgents(machine).length > 1) choices.push(agent);
    machine.core.call.stepAgent(agent);
  }
  return choices;
}

/** One violation among those of its kind. `before` hears of every step of a path, first of step 0: a new path. */
export interface Goal {
  readonly kind: number;
  before(step: number, agent: number): void;
  /** Whether the violations so far have it. */
  reached(): boolean;
}

/** Follows a path as far as it fits, leaving out moves that are not possible; stops at the kind of violation wanted. */
export function follow(
  machine: Machine,
  path: readonly number[],
  wanted: number | Goal,
): { path: number[]; found: boolean } {
  restart(machine);
  const taken: number[] = [];
  const goal = typeof wanted === "number" ? undefined : wanted;
  const kind = typeof wanted === "number" ? wanted : wanted.kind;
  goal?.before(0, 0);
  for (const agent of path) {
    if (machine.core.call.isEnabled(agent) === 0) continue;
    goal?.before(taken.length + 1, agent);
    machine.core.call.stepAgent(agent);
    taken.push(agent);
    if (hasViolation(machine, kind) && (goal === undefined || goal.reached())) return { path: taken, found: true };
  }
  return { path: taken, found: false };
}

/** Times that the run changes from one agent to another. */
export function switchesOf(path: readonly number[]): number {
  return path.filter((agent, i) => i > 0 && agent !== path[i - 1]).length;
}

/** The full path of a schedule: choices plus forced moves. `misfit` is the index of the first byte that did not fit. */
export function pathOf(
  machine: Machine,
  bytes: readonly number[],
  stepsMax = 100_000,
): { path: number[]; misfit?: number; unused: number } {
  restart(machine);
  const path: number[] = [];
  let used = 0;
  while (path.length < stepsMax) {
    const enabled = enabledAgents(machine);
    if (enabled.length === 0) break;
    let agent = enabled[0] as number;
    if (enabled.length > 1) {
      if (used === bytes.length) break;
      agent = bytes[used] as number;
      if (!enabled.includes(agent)) return { path, misfit: used, unused: bytes.length - used };
      used++;
    }
    machine.core.call.stepAgent(agent);
    path.push(agent);
  }
  return { path, unused: bytes.length - used };
}
