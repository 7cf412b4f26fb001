/**
 * Witnesses: each prediction of the oracle is made real on concrete TLBs, or marked unconfirmed.
 *
 * The same path runs with TLBs simulated entry by entry. Hardware steps are added that hardware may take at any time:
 * the holder fills its TLB (or only its paging-structure cache) before the entry goes; after the violation the freed
 * frame is given to a stranger, and the CPU loads through what it still has. The invalidations on the way are the
 * machine's own; the oracle is not asked.
 */
import { Witness as Outcome } from "../../assembly/abi/events.js";
import { Run } from "../../assembly/abi/layout.js";
import { OBLIGATION_TABLE, ObligationFlag, Task } from "../../assembly/abi/tasks.js";
import type { Machine, RawViolation } from "../machine.js";
import { kindName } from "../names.js";
import { hasViolation, restart } from "./path.js";
import { type StageOptions, stage } from "./stage.js";

export interface WitnessStep {
  /** Step of the path before which it happens; the path's length + 1 is after its end. */
  readonly before: number;
  readonly cpu: number;
  readonly what: "fill" | "fill-pointer" | "reuse" | "access" | "write" | "walk";
  readonly address: number;
  readonly frame: number;
}

export interface Witness {
  readonly cpu: number;
  readonly steps: readonly WitnessStep[];
  /** Frame that the last access reached, and the value it saw there. */
  readonly frame: number;
  readonly value: number;
}

/** Kinds that need hardware to become real; the others are facts of the run itself. */
const HARDWARE = new Set([
  "FLUSH_AFTER_UNLOCK",
  "RIGHTS_OUTLIVE_CALL",
  "WRITE_LOST",
  "STALE_TRANSLATION",
  "STALE_WALK",
]);
const FREES = new Set(["STALE_TRANSLATION", "STALE_WALK"]);

export function needsWitness(violation: RawViolation): boolean {
  return HARDWARE.has(kindName(violation.kind));
}

/** Looks for a witness with broadcast invalidations taken late, then early, on each CPU that may hold the entry. */
export function findWitness(
  options: StageOptions,
  path: readonly number[],
  violation: RawViolation,
): Witness | undefined {
  const machine = stage({ ...options, concrete: true });
  for (const early of [0, 1]) {
    for (const cpu of bystandersFirst(options)) {
      if (((violation.holders >>> cpu) & 1) === 0) continue;
      machine.setRun(Run.TLBI_EARLY, early);
      const found = firstOf(momentsOf(violation), (from) => attempt(machine, path, violation, cpu, from));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/**
 * Steps from which the CPU may keep what it fills: all along, and if that does not do, ever later. What is cached too
 * early can serve an access that the path wants to fault; until then the CPU evicts everything.
 */
function momentsOf(violation: RawViolation): number[] {
  const viaPointer = (violation.level & OBLIGATION_TABLE) !== 0 || (violation.flags & ObligationFlag.VIA_WALK) !== 0;
  if (!viaPointer) return [1];
  return [1, ...Array.from({ length: Math.max(0, violation.birth - 1) }, (_, i) => violation.birth - i)];
}

function firstOf<T, R>(items: readonly T[], look: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = look(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** CPUs that only run user code make the plainest witness: nobody on them is in the kernel. */
function bystandersFirst(options: StageOptions): number[] {
  const cpus = options.scenario.cpus.map((_, cpu) => cpu);
  const busy = new Set(options.which.tasks.map((task) => task.cpu));
  return [...cpus.filter((cpu) => !busy.has(cpu)), ...cpus.filter((cpu) => busy.has(cpu))];
}

function attempt(
  machine: Machine,
  path: readonly number[],
  violation: RawViolation,
  cpu: number,
  from: number,
): Witness | undefined {
  const steps: WitnessStep[] = [];
  const address = violation.start;
  const isTable = (violation.level & OBLIGATION_TABLE) !== 0;
  const viaWalk = (violation.flags & ObligationFlag.VIA_WALK) !== 0;
  const level = violation.level & 15;
  restart(machine);
  for (const [i, agent] of path.entries()) {
    const before = i + 1;
    // What the CPU has cached can take a task another way: then the path is not this machine's.
    if (machine.core.call.isEnabled(agent) === 0) return undefined;
    if (before < from) machine.core.call.evict(cpu);
    if (before >= from && before <= violation.birth && (isTable || viaWalk)) {
      // The pointer to the table: level of the PUD entry, one above the leaf that is read through it.
      if (machine.core.call.fillPointer(cpu, BigInt(address), isTable ? level : level + 1) !== 0) {
        keepLast(steps, { before, cpu, what: "fill-pointer", address, frame: 0 });
      }
    }
    if (before === violation.birth && !isTable && machine.core.call.fillLeaf(cpu, BigInt(address)) !== 0) {
      steps.push({ before, cpu, what: "fill", address, frame: violation.frame });
    }
    stepWhole(machine, agent);
  }
  if (!hasViolation(machine, violation.kind)) return undefined;
  return finish(machine, path.length + 1, violation, cpu, steps);
}

/** One step of the path. An access is one step there; on concrete TLBs its walk reads one table a step. */
export function stepWhole(machine: Machine, agent: number): void {
  machine.core.call.stepAgent(agent);
  if (agent >= machine.config.tasks) return;
  while (machine.get(machine.task(agent) + Task.WALK_LEVEL) !== 0) machine.core.call.stepAgent(agent);
}

/** A pointer is refilled again and again while it can be; the story needs only the last time. */
function keepLast(steps: WitnessStep[], step: WitnessStep): void {
  const old = steps.findIndex((other) => other.what === step.what);
  if (old >= 0) steps.splice(old, 1);
  steps.push(step);
}

function finish(
  machine: Machine,
  before: number,
  violation: RawViolation,
  cpu: number,
  steps: WitnessStep[],
): Witness | undefined {
  const address = violation.start;
  const rights = (violation.flags & ObligationFlag.RIGHTS) !== 0;
  if (FREES.has(kindName(violation.kind))) {
    if (machine.core.call.handToStranger(violation.frame) === 0) return undefined;
    steps.push({ before, cpu, what: "reuse", address, frame: violation.frame });
  }
  const what = lastStep(machine, violation, cpu, rights);
  if (what === undefined) return undefined;
  const seen = BigInt.asUintN(64, machine.core.call.witnessed());
  const frame = Number(seen & 0xffffffffn);
  steps.push({ before, cpu, what, address, frame });
  return { cpu, steps, frame, value: Number(seen >> 32n) };
}

/** What the CPU does with what it still holds; undefined when it holds nothing stale. */
function lastStep(
  machine: Machine,
  violation: RawViolation,
  cpu: number,
  rights: boolean,
): WitnessStep["what"] | undefined {
  const address = BigInt(violation.start);
  const { call } = machine.core;
  if (kindName(violation.kind) === "WRITE_LOST")
    return call.probeStore(cpu, address) === Outcome.CONFIRMED ? "write" : undefined;
  if (rights) return call.probeWrite(cpu, address) === Outcome.CONFIRMED ? "write" : undefined;
  if (call.probe(cpu, address) === Outcome.CONFIRMED) return "access";
  // The table is empty by now, but the CPU still starts its walks there.
  const pointer = (violation.level & OBLIGATION_TABLE) !== 0 && !FREES.has(kindName(violation.kind));
  return pointer && call.probePointer(cpu, address, violation.level & 15) === Outcome.CONFIRMED ? "walk" : undefined;
}
