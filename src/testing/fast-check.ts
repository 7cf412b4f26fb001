/**
 * Property-based tests with fast-check: arbitraries for schedules and programs, and memory calls run beside a model.
 *
 * What breaks a promise of the oracle is shrunk by our own shrinkers, which know what a schedule and a program are made
 * of; what fails for another reason is shrunk as fast-check shrinks numbers and lists. fast-check is the caller's own.
 */
import {
  Arbitrary,
  array,
  type Command,
  commands,
  constant,
  constantFrom,
  integer,
  modelRun,
  type Random,
  record,
  Stream,
  toStringMethod,
  tuple,
  Value,
} from "fast-check";
import { CALL_BYTES, FUZZ_TASKS, RACE_MAX, SETUP_MAX } from "../../assembly/abi/fuzz.js";
import { type ThemeName, themes } from "../fuzz/table.js";
import type { Call } from "../kernel/listing.js";
import type { Machine } from "../machine.js";
import type { ViolationKind } from "../names.js";
import type { Scenario } from "../scenarios/scenario.js";
import { READ_ONLY, READ_WRITE } from "../scenarios/words.js";
import { Bench, type MemoryCall, type MemoryOptions, textOf } from "./calls.js";
import {
  byGravity,
  type DrawnProgram,
  type DrawnRun,
  type ProgramsOptions,
  programText,
  Race,
  type RaceOptions,
  runProgram,
  smallestProgram,
} from "./runs.js";

export type { MemoryCall, MemoryOptions, Seen } from "./calls.js";
export type { DrawnProgram, DrawnRun, ProgramsOptions, RaceOptions, RunViolation } from "./runs.js";

const byte = (): Arbitrary<number> => integer({ min: 0, max: 255 });
const bytes = (length: number): Arbitrary<number[]> => array(byte(), { maxLength: length, size: "max" });

/**
 * Schedules of a scenario's race, each run to its end: a property looks at `violations`, and `token` replays the run.
 * Throws an InputError for a scenario, edition or back-end that does not exist.
 */
export function schedules(scenario: string | Scenario, options: RaceOptions = {}): Arbitrary<DrawnRun> {
  const race = new Race(scenario, options);
  return new Runs(
    bytes(200),
    (numbers) => race.run(numbers),
    (_, kind, numbers) => race.smallest(kind, numbers),
    () => "",
  );
}

export interface ProgramOptions extends ProgramsOptions {
  /** What programs are about; any theme by default (docs/fuzzing.md). */
  readonly theme?: ThemeName;
}

/**
 * Random programs with a schedule each, run to their end: tasks, calls, addresses, hardware. `violations` are what a
 * campaign of `fuzz` would report.
 */
export function programs(options: ProgramOptions = {}): Arbitrary<DrawnProgram> {
  const wanted = themes.findIndex(({ name }) => name === options.theme);
  const call = array(byte(), { minLength: CALL_BYTES, maxLength: CALL_BYTES });
  const calls = (most: number): Arbitrary<number[][]> => array(call, { maxLength: most, size: "max" });
  const source = record({
    tasks: integer({ min: 0, max: FUZZ_TASKS - 1 }),
    theme: wanted < 0 ? integer({ min: 0, max: themes.length - 1 }) : constant(wanted),
    cpus: tuple(byte(), byte(), byte(), byte()),
    sizes: byte(),
    setup: calls(SETUP_MAX),
    race: calls(RACE_MAX),
    schedule: bytes(120),
  });
  return new Runs(
    source,
    ({ tasks, theme, cpus, sizes, setup, race, schedule }) => {
      const header = [tasks + FUZZ_TASKS * theme, ...cpus, setup.length, race.length, sizes];
      return runProgram(Uint8Array.from([...header, ...setup.flat(), ...race.flat(), ...schedule]), options);
    },
    (run, kind) => smallestProgram(run, kind),
    (run) => `\n${programText(run)}\n  `,
  );
}

/** Calls and model as two functions for a property. */
export interface MemoryProperty<Model extends object> {
  /** Lists of calls, at most `most` (30 by default). */
  commands(most?: number): Arbitrary<Iterable<Command<Model, Machine>>>;
  /** Makes the calls on a fresh machine beside a fresh model. Throws where they part, or where a promise is broken. */
  run(commands: Iterable<Command<Model, Machine>>): void;
}

/**
 * A machine with concrete TLBs beside a model of the caller's: fast-check draws the calls, each runs to its end on one
 * of the CPUs, and the model says what it should have done. The oracle watches too.
 */
export function memoryModel<Model extends object>(options: MemoryOptions<Model>): MemoryProperty<Model> {
  const bench = new Bench(options);
  const cpu = integer({ min: 0, max: bench.cpus.length - 1 });
  const one = (call: Call): Arbitrary<Command<Model, Machine>> =>
    tuple(cpu, argumentsOf(call, options.pages ?? 4)).map(([on, args]) =>
      commandOf(bench, { cpu: on, mm: bench.cpus[on] as number, call: call.name, args }),
    );
  return {
    commands: (most = 30) => commands(bench.calls.map(one), { maxCommands: most, size: "max" }),
    run: (list) => modelRun(() => ({ model: options.model(), real: bench.boot() }), list),
  };
}

function commandOf<Model extends object>(bench: Bench<Model>, call: MemoryCall): Command<Model, Machine> {
  return {
    check: (model) => bench.options.check?.(model, call) ?? true,
    run: (model, machine) => bench.make(model, machine, call),
    toString: () => textOf(call),
  };
}

/** A call's arguments, drawn as their names say: addresses in pages, anonymous memory unless the call wants a file. */
function argumentsOf(call: Call, pages: number): Arbitrary<Record<string, number>> {
  const { start, end, ...others } = call.arguments;
  const range = tuple(integer({ min: 0, max: pages - 1 }), integer({ min: 1, max: pages })).map(([from, count]) => ({
    ...(start === undefined ? {} : { start: from }),
    ...(end === undefined ? {} : { end: Math.min(from + count, pages) }),
  }));
  const values = Object.keys(others).map((name) => [name, drawOf(name, pages)] as const);
  return tuple(range, record(Object.fromEntries(values))).map(([first, rest]) => ({ ...first, ...rest }));
}

function drawOf(name: string, pages: number): Arbitrary<number> {
  if (name === "value") return integer({ min: 1, max: 255 });
  if (name === "prot") return constantFrom(READ_WRITE, READ_ONLY);
  if (name === "to") return integer({ min: pages, max: 2 * pages - 1 });
  return constant(0);
}

interface Drawn {
  /** What the source drew; not kept of a run that our own shrinker made. */
  readonly source?: Value<unknown>;
}

/** Runs made of what a source draws. A run that breaks a promise is first replaced by the smallest that does. */
class Runs<Source, T extends DrawnRun> extends Arbitrary<T> {
  readonly #source: Arbitrary<Source>;
  readonly #make: (source: Source) => T;
  readonly #smallest: (run: T, kind: ViolationKind, source: Source) => T | undefined;
  readonly #words: (run: T) => string;

  constructor(
    source: Arbitrary<Source>,
    make: (source: Source) => T,
    smallest: (run: T, kind: ViolationKind, source: Source) => T | undefined,
    words: (run: T) => string,
  ) {
    super();
    this.#source = source;
    this.#make = make;
    this.#smallest = smallest;
    this.#words = words;
  }

  override generate(random: Random, bias: number | undefined): Value<T> {
    return this.#from(this.#source.generate(random, bias));
  }

  /** A run does not say what it was drawn from. */
  override canShrinkWithoutContext(_value: unknown): _value is T {
    return false;
  }

  override shrink(run: T, context: unknown): Stream<Value<T>> {
    const source = (context as Drawn | undefined)?.source as Value<Source> | undefined;
    if (source === undefined) return Stream.nil();
    return new Stream(this.#smaller(run, source));
  }

  *#smaller(run: T, source: Value<Source>): Generator<Value<T>, void, undefined> {
    // A property may be about one kind alone: each gets its try.
    for (const kind of new Set(byGravity(run.violations).map((violation) => violation.kind))) {
      const smallest = this.#smallest(run, kind, source.value);
      if (smallest !== undefined) yield this.#value(smallest, {});
    }
    for (const other of this.#source.shrink(source.value, source.context)) yield this.#from(other);
  }

  #from(source: Value<Source>): Value<T> {
    return this.#value(this.#make(source.value), { source });
  }

  #value(run: T, drawn: Drawn): Value<T> {
    const words = `Run(${this.#words(run)}${verdictOf(run)}, ${run.token})`;
    return new Value(Object.defineProperty(run, toStringMethod, { value: () => words }), drawn);
  }
}

function verdictOf({ violations, steps }: DrawnRun): string {
  const worst = byGravity(violations)[0];
  return worst === undefined ? `${steps} steps` : `${worst.kind} at step ${worst.step} of ${steps}`;
}
