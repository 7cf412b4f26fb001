/**
 * `run`: a strace log of a real program on the simulated kernel, several editions side by side.
 *
 * Protocol
 *   The log is read twice, as a stream each time: first to see how much room it needs (capacity.ts), then to perform
 *   it. Every edition has a machine of its own, and all of them perform the same steps; an edition that refuses what
 *   another allows would drift away from the log, so no such call is made (memory.ts lists what is done instead).
 *
 * How near it comes (postgres.strace.xz, whose processes had VmPTE of 108 to 136 kB: test/fixtures/oplogs)
 *   touch        none   first        ends         all          of each process, in kB
 *   VmPTE peak   0      108 to 136   108 to 136   160 to 204
 *   Two errors cancel each other in `first`. The kernel's own mappings are missing: program, stack and vdso take some 8
 *   tables, 32 kB. And each piece of each library is touched, also by children, which really run a part of them.
 *   Flushes are far fewer than the thousands of the real run (one for each page that COW breaks after a fork), and
 *   there are no interrupts where processes have one thread: real ones migrate between CPUs.
 */
import { InputError } from "../error.js";
import { type Backend, backends, findBackend } from "../kernel/arch/backends.js";
import { editions as allEditions, type Edition, findEdition } from "../kernel/editions.js";
import type { StraceEvent } from "../workload/strace/events.js";
import { openStrace, type StraceLog } from "../workload/strace.js";
import { capacityFor } from "./capacity.js";
import type { RunProgress, RunResult } from "./result.js";
import { Simulation } from "./simulation.js";
import type { Sink, Step } from "./steps.js";
import { describeTouch, type TouchPolicy, touchPolicies } from "./touch.js";
import { World } from "./world.js";

export type * from "./result.js";
export { describeTouch, type TouchPolicy, touchPolicies } from "./touch.js";

export interface RunOptions {
  /** Path of the log, plain or packed with gzip or xz. A regular file: it is read twice. */
  readonly log: string;
  /** Names of editions; 5.15 and 5.16 by default. */
  readonly editions?: readonly string[];
  /** Name of a back-end; x86 by default. */
  readonly backend?: string;
  /** Which pages are touched; see touch.ts. "first" by default. */
  readonly touch?: TouchPolicy;
  /** CPUs over which the tasks are spread, 1 to 31; 4 by default. */
  readonly cpus?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RunProgress) => void;
}

interface Choice {
  readonly editions: readonly Edition[];
  readonly backend: Backend;
  readonly touch: TouchPolicy;
  readonly cpus: number;
}

const CPUS = 4;
const CPUS_MAX = 31;
/** Time between two looks at the clock, the signal and the event loop. */
const SLICE_MS = 50;

/** Runs a log. Throws an InputError for a log that cannot be read or needs too much room, and for a wrong option. */
export async function run(options: RunOptions): Promise<RunResult> {
  const choice = choose(options);
  const { log, signal } = options;
  const { touch, cpus } = choice;
  const measured = new World({ source: log, touch, cpus, sink: NOBODY });
  const pace = new Pace(options);
  const { lines } = await follow(openStrace(log, signal), measured, pace, "measure", undefined);

  const capacity = capacityFor(measured.needs(), choice.editions.length, log);
  const machines = choice.editions.map((edition) => new Simulation(edition, choice.backend, cpus, capacity));
  const world = new World({ source: log, touch, cpus, sink: all(machines, pace) });
  const read = await follow(openStrace(log, signal), world, pace, "perform", lines);
  return {
    schema: "shootdown/run@1",
    log,
    backend: choice.backend.name,
    cpus,
    touch,
    policy: describeTouch(touch),
    lines: read.lines,
    events: read.events,
    failed: read.failed,
    ignored: sorted([...read.ignored, ...world.ignored]),
    processes: world.processes.length,
    editions: machines.map((machine) => machine.result()),
  };
}

function choose(options: RunOptions): Choice {
  const names = options.editions ?? ["5.15", "5.16"];
  const known = allEditions.map(({ name }) => name);
  const backend = findBackend(options.backend ?? "x86");
  const touch = options.touch ?? "first";
  const cpus = options.cpus ?? CPUS;
  if (backend === undefined) throw wrong("backend", options.backend, backends.map(({ name }) => name).join(", "));
  if (names.length === 0) throw wrong("editions", "", known.join(", "));
  if (!touchPolicies.includes(touch)) throw wrong("touch", touch, touchPolicies.join(", "));
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > CPUS_MAX) throw wrong("cpus", cpus, `1 to ${CPUS_MAX}`);
  const editions = names.map((name) => {
    const edition = findEdition(name);
    if (edition === undefined) throw wrong("edition", name, known.join(", "));
    return edition;
  });
  return { editions, backend, touch, cpus };
}

function wrong(option: string, value: unknown, choices: string): InputError {
  return new InputError(`there is no ${option} "${String(value)}"`, { source: option, remedy: `choose ${choices}` });
}

interface Read {
  readonly lines: number;
  readonly events: number;
  readonly failed: number;
  readonly ignored: ReadonlyMap<string, number>;
}

/** Takes a world through a log. */
async function follow(
  log: StraceLog,
  world: World,
  pace: Pace,
  phase: RunProgress["phase"],
  linesTotal: number | undefined,
): Promise<Read> {
  let events = 0;
  let failed = 0;
  for await (const batch of log.batches) {
    for (const event of batch) {
      world.handle(event);
      events++;
      if (isFailed(event)) failed++;
      if (pace.isDue()) await pace.rest({ phase, lines: event.line, linesTotal });
    }
  }
  return { lines: log.lines, events, failed, ignored: log.ignored };
}

const isFailed = (event: StraceEvent): boolean => event.kind === "failed";

/** Lets others run now and then: the signal, and whoever watches. */
class Pace {
  steps = 0;
  readonly #began = performance.now();
  #rested = performance.now();
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ((progress: RunProgress) => void) | undefined;

  constructor({ signal, onProgress }: RunOptions) {
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  isDue(): boolean {
    return performance.now() - this.#rested >= SLICE_MS;
  }

  async rest(progress: Pick<RunProgress, "phase" | "lines" | "linesTotal">): Promise<void> {
    const seconds = (performance.now() - this.#began) / 1000;
    this.#onProgress?.({ ...progress, steps: this.steps, seconds });
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#signal?.throwIfAborted();
    this.#rested = performance.now();
  }
}

const NOBODY: Sink = { run: () => {}, resize: () => {}, retire: () => {} };

function all(machines: readonly Simulation[], pace: Pace): Sink {
  return {
    run(step: Step): void {
      pace.steps++;
      for (const machine of machines) machine.run(step);
    },
    resize(file: number, pages: number): void {
      for (const machine of machines) machine.resize(file, pages);
    },
    retire(mm: number): void {
      for (const machine of machines) machine.retire(mm);
    },
  };
}

function sorted(entries: readonly [string, number][]): Record<string, number> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
