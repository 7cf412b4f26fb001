/**
 * The reason of a violation, read off its path: which entry, cached since when, which flush should have covered it,
 * which lock would have stopped it.
 *
 *   entry   what the oracle still holds against somebody, and from which step to which a CPU could cache it
 *   flush   the task that cleared the entry goes on alone: does a flush of its own come at all, and does it reach the
 *           entry? One that comes is late; one that passes by is narrow
 *   lock    held when the entry was cleared, dropped since, and taken afterwards by the task that did the harm
 */
import { EventKind } from "../../assembly/abi/events.js";
import { LockRef, Reg, Scope } from "../../assembly/abi/operands.js";
import { Op } from "../../assembly/abi/ops.js";
import { OBLIGATION_TABLE, ObligationFlag } from "../../assembly/abi/tasks.js";
import type { Machine, RawViolation } from "../machine.js";
import { formatAddress, formatCpus, formatFrame, formatRange, readEvents, type TraceEvent } from "./describe.js";
import { enabledAgents, restart } from "./path.js";
import { type StageOptions, stage } from "./stage.js";
import { stepWhole, type Witness } from "./witness.js";

/** A step by its number, and the kernel line that it was. */
export interface Moment {
  readonly step: number;
  readonly who: string;
  readonly fn: string;
  readonly text: string;
}

/** Whether a flush of the task that cleared the entry reaches it, when the task goes on alone. */
export interface OwedFlush {
  /**
   * late: one comes, and the violation comes before it. narrow: one comes and does not reach the entry. elsewhere: one
   * comes, to other CPUs. early: the last one came before the entry was cleared. none: none comes, to the task's end.
   */
  readonly verdict: "late" | "narrow" | "elsewhere" | "early" | "none";
  /** The flush; but for an early one its step counts only steps of its task after the entry was cleared. */
  readonly flush?: Moment;
  /** What a narrow flush drops, or the CPUs that one reaches. */
  readonly reach?: string;
}

export interface ReleasedLock {
  readonly name: string;
  readonly dropped: Moment;
  /** The task that did the harm takes it; without one the lock is what the violation itself is about. */
  readonly taken?: Moment;
}

export interface Reason {
  /** The entry, in words: "1G -> h1 of A". */
  readonly entry: string;
  /** CPUs that may still hold it. */
  readonly cpus: readonly number[];
  /** It could be cached from this step on; 0: since before the race. */
  readonly since: number;
  /** Where it was cleared, moved, or lost rights. */
  readonly cleared: Moment;
  readonly owed: OwedFlush;
  readonly lock?: ReleasedLock;
}

/** What happens in one step of a path, as far as a reason asks. */
interface Seen {
  readonly agent: number;
  readonly moment: Moment;
  readonly events: readonly TraceEvent[];
  /** Lock that the agent took or dropped. */
  readonly took?: string | undefined;
  readonly dropped?: string | undefined;
}

const FLUSH_STEPS_MAX = 2000;
/** CPU of a broadcast in an event. */
const EVERY_CPU = 0xff;

/** The reason of `violation`; undefined when it is not about an entry that somebody may still hold. */
export function reasonOf(
  what: StageOptions,
  path: readonly number[],
  violation: RawViolation,
  witness?: Witness,
): Reason | undefined {
  const machine = stage(what);
  const { birth, holders } = violation;
  const clearer = path[birth - 1];
  if (birth === 0 || holders === 0 || clearer === undefined) return undefined;
  restart(machine);
  const seen = path.slice(0, violation.step).map((agent, i) => watch(what, machine, agent, i + 1));
  const cleared = (seen[birth - 1] as Seen).moment;
  const owed = owedFlush(what, machine, seen.slice(0, birth), violation);
  const passedBy = owed.verdict === "narrow" || owed.verdict === "elsewhere";
  const lock = passedBy ? undefined : releasedLock(seen, birth, clearer);
  const cpus = Array.from({ length: 32 }, (_, cpu) => cpu).filter((cpu) => ((holders >>> cpu) & 1) === 1);
  return {
    entry: entryOf(what, machine, violation),
    cpus,
    since: cachedSince(what, path, violation, witness?.cpu ?? (cpus[0] as number)),
    cleared,
    owed,
    ...(lock === undefined ? {} : { lock }),
  };
}

function entryOf(what: StageOptions, machine: Machine, violation: RawViolation): string {
  const owner = what.scenario.mms[violation.mm] ?? `mm ${violation.mm}`;
  const frame = formatFrame(machine, violation.frame);
  const where = formatAddress(machine.geometry, violation.start);
  if ((violation.level & OBLIGATION_TABLE) !== 0) return `the pointer of ${owner} at ${where} to table ${frame}`;
  const rights = (violation.flags & ObligationFlag.RIGHTS) !== 0 ? "the right to write to " : "";
  return `${rights}${where} -> ${frame} of ${owner}`;
}

/** Which object a lock is of: its record's register, read before the step that takes or drops it. */
const OBJECT: Readonly<Partial<Record<LockRef, Reg>>> = {
  [LockRef.MMAP]: Reg.MM,
  [LockRef.I_MMAP]: Reg.FILE,
  [LockRef.FAULT]: Reg.FILE,
  [LockRef.VMA]: Reg.VMA,
  [LockRef.PTL]: Reg.TABLE,
  [LockRef.PAGE_TABLE]: Reg.MM,
  [LockRef.NEW_PTL]: Reg.TMP,
  [LockRef.VMA_WRITE]: Reg.MM,
  [LockRef.PAGE]: Reg.PAGE,
};
const TAKES = new Set<Op>([Op.LOCK_WRITE, Op.LOCK_READ, Op.TRYLOCK_WRITE]);

/** A table's split lock has two names, by the register that its table stands in. */
const sameLock = (ref: LockRef): LockRef => (ref === LockRef.NEW_PTL ? LockRef.PTL : ref);

function watch(what: StageOptions, machine: Machine, agent: number, step: number): Seen {
  const task = what.which.tasks[agent];
  const op = task === undefined ? undefined : machine.program[machine.pcOf(agent)];
  const [ref = 0, , got = 0] = op?.operands ?? [];
  const object = OBJECT[ref as LockRef];
  const key = object === undefined ? "" : `${sameLock(ref)} ${machine.register(agent, object)}`;
  const events = traced(machine, agent);
  const moment = { step, who: task?.name ?? "interrupt", fn: op?.fn ?? "flush_tlb_func", text: op?.text ?? "" };
  const failed = op?.op === Op.TRYLOCK_WRITE && machine.register(agent, got) === 0;
  const took = op !== undefined && TAKES.has(op.op) && !failed ? key : undefined;
  const dropped = op?.op === Op.UNLOCK ? key : undefined;
  return { agent, moment, events, took, dropped };
}

function traced(machine: Machine, agent: number): TraceEvent[] {
  machine.core.call.trace(1);
  machine.core.call.stepAgent(agent);
  const events = readEvents(machine);
  machine.core.call.trace(0);
  return events;
}

/** The last lock that the clearing task had at `birth` and dropped, and that the task of the last step took then. */
function releasedLock(seen: readonly Seen[], birth: number, clearer: number): ReleasedLock | undefined {
  const held = new Set<string>();
  for (const step of seen.slice(0, birth)) {
    if (step.agent !== clearer) continue;
    if (step.took !== undefined) held.add(step.took);
    if (step.dropped !== undefined) held.delete(step.dropped);
  }
  const last = seen.at(-1) as Seen;
  const after = seen.slice(birth);
  // Only the first drop of each counts: what is taken again afterwards no longer guards what was cleared.
  const drops = after.filter(
    (step) => step.agent === clearer && step.dropped !== undefined && held.delete(step.dropped),
  );
  for (const drop of drops.reverse()) {
    const name = drop.moment.text.replace(/^unlock /, "");
    if (drop === last) return { name, dropped: drop.moment };
    const taken = after.find((step) => step.agent === last.agent && step.took === drop.dropped);
    if (last.agent !== clearer && taken !== undefined && taken.moment.step > drop.moment.step)
      return { name, dropped: drop.moment, taken: taken.moment };
  }
  return undefined;
}

/** The clearing task goes on alone from the step that cleared the entry: when does somebody flush it? */
function owedFlush(what: StageOptions, machine: Machine, before: readonly Seen[], violation: RawViolation): OwedFlush {
  const { birth } = violation;
  const { agent: clearer } = before.at(-1) as Seen;
  const isOwnFlush = ({ kind, mm }: TraceEvent): boolean => kind === EventKind.FLUSH && mm === violation.mm;
  const early = before.findLast(({ agent, events }) => agent === clearer && events.some(isOwnFlush))?.moment;
  restart(machine);
  for (const { agent } of before) machine.core.call.stepAgent(agent);
  let flush: Moment | undefined;
  let narrow: OwedFlush | undefined;
  let reached = 0;
  for (let steps = 1; steps < FLUSH_STEPS_MAX; steps++) {
    const enabled = enabledAgents(machine);
    const agent = enabled.find((a) => a === clearer) ?? enabled.find((a) => a >= what.which.tasks.length);
    if (agent === undefined) break;
    const { moment, events } = watch(what, machine, agent, birth + steps);
    if (events.some((event) => event.kind === EventKind.FLUSH)) flush = moment;
    if (events.some((event) => frees(event, violation))) return { verdict: "late", flush: flush ?? moment };
    for (const event of events) {
      if (event.kind !== EventKind.INVALIDATED || event.mm !== violation.mm) continue;
      const cpus = event.cpu === EVERY_CPU ? violation.holders : 1 << event.cpu;
      if ((cpus & violation.holders) !== 0)
        narrow ??= { verdict: "narrow", flush: flush ?? moment, reach: reachOf(machine, event) };
      else reached |= cpus;
    }
  }
  if (narrow !== undefined) return narrow;
  if (reached !== 0)
    return { verdict: "elsewhere", reach: formatCpus(reached), ...(flush === undefined ? {} : { flush }) };
  return early === undefined ? { verdict: "none" } : { verdict: "early", flush: early };
}

/** Whether a holder of the violation's entry no longer holds it. */
function frees(event: TraceEvent, { mm, start, frame, level, holders }: RawViolation): boolean {
  return (
    event.kind === EventKind.DISCHARGED &&
    event.mm === mm &&
    event.start === start &&
    event.frame === frame &&
    (event.extra & 255) === level &&
    (event.cpu & holders) !== 0
  );
}

function reachOf(machine: Machine, event: TraceEvent): string {
  const range = formatRange(machine.geometry, event.start, event.end);
  if (event.frame === Scope.CONTEXT) return "everything of the address space";
  return event.frame === Scope.LEAF ? `leaf entries of ${range}` : `entries of ${range}`;
}

/**
 * The first step from which the CPU could cache the entry at any time until it was cleared: before each step the CPU,
 * empty, is asked to. The path is followed on concrete TLBs; 0 when it could before the race already.
 */
function cachedSince(what: StageOptions, path: readonly number[], violation: RawViolation, cpu: number): number {
  const machine = stage({ ...what, concrete: true });
  const { call } = machine.core;
  const address = BigInt(violation.start);
  const level = violation.level & 15;
  const isTable = (violation.level & OBLIGATION_TABLE) !== 0;
  restart(machine);
  let since = violation.birth;
  let could = false;
  for (const [i, agent] of path.slice(0, violation.birth).entries()) {
    call.evict(cpu);
    const can = (isTable ? call.fillPointer(cpu, address, level) : call.fillLeaf(cpu, address)) !== 0;
    call.evict(cpu);
    if (can && !could) since = i;
    could = can;
    if (call.isEnabled(agent) === 0) break;
    stepWhole(machine, agent);
  }
  return since;
}
