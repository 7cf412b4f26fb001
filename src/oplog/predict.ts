/**
 * A log with faults on the sequential model: how many of the kernel's own flushes does it predict?
 *
 * What a task flushed stands between its lines: after a fault that caused it, before the call that caused it. So the
 * flushes of a task between two of its lines are compared, in order, with what the fault of the first and the call of
 * the second predict. Only what the task itself did is compared: flushes on its own CPU (reason 3) and interrupts that
 * it sent (4). What other CPUs did about them (1) and task switches (0) depend on who ran where; they are counted.
 */
import type { Edition } from "../kernel/editions.js";
import { exitMm } from "../sequential/calls.js";
import { forkMm } from "../sequential/fork.js";
import { goLazy, switchTo } from "../sequential/tlb.js";
import { type Event, World } from "../sequential/world.js";
import type { LogEvent } from "./events.js";
import { Space } from "./space.js";

const LOCAL = 3;
const IPI = 4;
const HUGE_PAGES = 4096;
/** Stacks lie in the last 16 GiB (and a little) of the address space. */
const STACKS_FROM = 0x7ff000000000;

/** What caused a flush. */
export type Cause =
  | "fault"
  | "munmap"
  | "mprotect"
  | "madvise"
  | "mremap"
  | "mmap"
  | "brk"
  | "clone"
  | "exec"
  | "other";

export interface CauseCounts {
  /** Flush events of the log: on the task's own CPU, or interrupts that it sent. */
  readonly recorded: number;
  /** Predicted at the same place, with the same reason and number of pages. */
  readonly exact: number;
  /** The same reason, and ranged or full as recorded, with another number of pages. */
  readonly range: number;
  /** A flush, but of another kind. */
  readonly count: number;
  readonly missed: number;
  /** Predicted, and not in the log. */
  readonly extra: number;
}

interface Pending {
  readonly reason: number;
  readonly pages: number;
  readonly cause: Cause;
}

interface Task {
  space: Space | undefined;
  cpu: number | undefined;
  /** Flushes of the log since the task's last line. */
  seen: { reason: number; pages: number }[];
  /** Predicted for its last fault. */
  expected: Pending[];
  /** Faults in the kernel, until it is known whether they are of the memory that an exec makes. */
  held: LogEvent[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class Predictor {
  readonly world: World;
  readonly causes = new Map<Cause, Mutable<CauseCounts>>();
  /** Events of the log that are not compared, by reason. */
  readonly left = new Map<number, number>();
  /** Flushes before a task's memory was known: it has not executed a program yet. */
  before = 0;
  readonly #tasks = new Map<number, Task>();
  /** What a fork flushed, by its child: known when the child first runs, compared when the parent's call returns. */
  readonly #births = new Map<number, Pending[]>();
  /** Where the memory that an exec makes has its stack. */
  #stack: number | undefined;
  readonly #children: ReadonlyMap<number, { parent: number; shares: boolean }>;

  constructor(edition: Edition, cpus: number, children: ReadonlyMap<number, { parent: number; shares: boolean }>) {
    this.world = new World({ edition, cpus, hugePages: HUGE_PAGES });
    this.#children = children;
  }

  handle(event: LogEvent): void {
    const task = this.#task(event.pid);
    if (event.kind === "flush") {
      if (event.reason === LOCAL || event.reason === IPI) task.seen.push(event);
      else this.left.set(event.reason, (this.left.get(event.reason) ?? 0) + 1);
      return;
    }
    if (event.kind === "fault" && event.inKernel) {
      task.held.push(event);
      return;
    }
    const held = task.held.splice(0);
    const expected = task.expected;
    this.#stack = stackOf(held);
    if (event.kind !== "exec") for (const fault of held) expected.push(...this.#perform(fault, task));
    task.expected = [];
    const predicted = this.#perform(event, task);
    if (event.kind === "fault") {
      this.#settle(task, expected, "other");
      task.expected = predicted;
      return;
    }
    this.#settle(task, [...expected, ...predicted], causeOf(event));
    if (event.kind === "exec") for (const fault of held) this.#perform(fault, task);
  }

  /** Everything that is left at the end of the log. */
  finish(): void {
    for (const task of this.#tasks.values()) this.#settle(task, task.expected, "other");
  }

  #task(pid: number): Task {
    let task = this.#tasks.get(pid);
    if (task !== undefined) return task;
    task = { space: undefined, cpu: undefined, seen: [], expected: [], held: [] };
    this.#tasks.set(pid, task);
    // A child may run before its parent's call returns.
    const birth = this.#children.get(pid);
    if (birth !== undefined) this.#born(task, birth, pid);
    return task;
  }

  #born(child: Task, { parent, shares }: { parent: number; shares: boolean }, pid: number): void {
    const task = this.#task(parent);
    const from = task.space;
    if (from === undefined) return;
    child.space = from;
    if (shares) return;
    this.world.cpu = task.cpu ?? this.world.cpu;
    child.space = from.copyTo(forkMm(this.world, from.mm, `P${pid}`));
    this.#births.set(pid, this.#take("clone"));
  }

  #perform(event: LogEvent, task: Task): Pending[] {
    const { world } = this;
    const cause = causeOf(event);
    world.events.length = 0;
    if (event.kind === "exec") {
      this.#release(event.pid, task);
      task.space = new Space(world, world.newMm(`P${event.pid}`));
    }
    const { space } = task;
    if (space === undefined) return [];
    this.#move(task, event.cpu);
    world.current = space.mm;
    switchTo(world, event.cpu, space.mm);
    world.events.length = 0;
    if (event.kind === "fault") space.fault(event);
    else if (event.kind === "exec") {
      if (this.#stack !== undefined) space.exec(this.#stack);
    } else if (event.kind === "clone") {
      // The child exists already when it ran first.
      this.#task(event.child);
      return this.#births.get(event.child) ?? [];
    } else if (event.kind === "gone") this.#release(event.pid, task);
    else space.call(event);
    return this.#take(cause);
  }

  /** A task that runs on another CPU than before leaves the old one to nobody, unless a sibling is there. */
  #move(task: Task, cpu: number): void {
    const { world } = this;
    world.cpu = cpu;
    const before = task.cpu;
    task.cpu = cpu;
    if (before === undefined || before === cpu || world.cpuAt(before).loaded !== task.space?.mm) return;
    for (const other of this.#tasks.values()) {
      if (other !== task && other.space === task.space && other.cpu === before) return;
    }
    goLazy(world, before);
  }

  /** The task lets go of its memory; the last one frees it. */
  #release(pid: number, task: Task): void {
    const { space } = task;
    task.space = undefined;
    if (space === undefined) return;
    for (const [other, { space: used }] of this.#tasks) if (other !== pid && used === space) return;
    exitMm(this.world, space.mm, 0);
    this.world.events.length = 0;
  }

  /** What the model traced, as the log's tracepoint would have said it. */
  #take(cause: Cause): Pending[] {
    const found = this.world.events.flatMap((event) => pendingOf(event, cause));
    this.world.events.length = 0;
    return found;
  }

  /** Compares what was seen since the task's last line with what was predicted, in order. */
  #settle(task: Task, predicted: readonly Pending[], cause: Cause): void {
    const { seen } = task;
    task.seen = [];
    if (task.space === undefined && predicted.length === 0 && cause !== "exec") {
      this.before += seen.length;
      return;
    }
    let at = 0;
    for (const flush of seen) {
      const next = predicted.slice(at).findIndex((expected) => expected.reason === flush.reason);
      const expected = next < 0 ? undefined : predicted[at + next];
      if (expected === undefined) {
        this.#count(cause, "missed");
        continue;
      }
      for (const passed of predicted.slice(at, at + next)) this.#count(passed.cause, "extra");
      at += next + 1;
      const like = expected.pages < 0 === flush.pages < 0;
      this.#count(expected.cause, expected.pages === flush.pages ? "exact" : like ? "range" : "count");
    }
    for (const passed of predicted.slice(at)) this.#count(passed.cause, "extra");
  }

  #count(cause: Cause, what: keyof CauseCounts): void {
    let counts = this.causes.get(cause);
    if (counts === undefined) {
      counts = { recorded: 0, exact: 0, range: 0, count: 0, missed: 0, extra: 0 };
      this.causes.set(cause, counts);
    }
    counts[what]++;
    if (what !== "extra") counts.recorded++;
  }
}

/** The kernel writes to the new stack before the exec returns. */
function stackOf(held: readonly LogEvent[]): number | undefined {
  const places = held.flatMap((event) =>
    event.kind === "fault" && event.address >= STACKS_FROM ? [event.address] : [],
  );
  return places.length === 0 ? undefined : Math.max(...places);
}

function pendingOf(event: Event, cause: Cause): Pending[] {
  if (event[0] === "local") return [{ reason: LOCAL, pages: Number(event[2]), cause }];
  if (event[0] === "ipi") return [{ reason: IPI, pages: Number(event[1]), cause }];
  return [];
}

function causeOf({ kind }: LogEvent): Cause {
  return kind === "exit" || kind === "gone" || kind === "flush" ? "other" : kind;
}
