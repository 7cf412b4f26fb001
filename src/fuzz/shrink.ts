/**
 * Shrinking a finding: the same violation with fewer calls, tasks and CPUs, and smaller values.
 *
 * A candidate is a changed program. It stands when some schedule still shows the same violation: the one at hand, as
 * far as it fits, or one of a few hundred drawn ones. What stays is at a local minimum: no single change of those below
 * can be made. Then case.ts tries every schedule of what is left, within a bound: the shortest tells the story.
 */
import {
  CALL_BYTES,
  FUZZ_CPUS,
  FUZZ_MMS,
  FUZZ_TASKS,
  FuzzWord,
  HEADER,
  RACE_MAX,
  SETUP_MAX,
} from "../../assembly/abi/fuzz.js";
import { type Arena, modes } from "./arena.js";
import { themeOf, themes } from "./table.js";

/** The violation that must stay: numbers as the core has them. */
export interface Target {
  readonly kind: number;
  readonly birth: number;
  readonly at: number;
}

/** An input taken apart. */
interface Draft {
  readonly header: readonly number[];
  readonly setup: readonly (readonly number[])[];
  readonly race: readonly (readonly number[])[];
}

/** Schedules that are drawn before a candidate is given up. */
const TRIES = 300;
const ROUNDS_MAX = 8;

/** Bytes that mean the same are the same number afterwards. */
function takeApart(bytes: Uint8Array): Draft {
  const at = (i: number): number => bytes[i] ?? 0;
  const tasks = 1 + (at(0) % FUZZ_TASKS);
  const cpus = Array.from({ length: FUZZ_CPUS }, (_, cpu) => at(1 + cpu) % (cpu < tasks ? FUZZ_MMS : FUZZ_MMS + 1));
  const { calls, builders } = themeOf(at(0));
  // The theme stays what it is, in the least byte that means it.
  const header = [at(0) % (FUZZ_TASKS * themes.length), ...cpus, 0, 0, at(7)];
  const record = (i: number, calls: number, whos: number): number[] => {
    const call = Array.from({ length: CALL_BYTES }, (_, j) => at(HEADER + CALL_BYTES * i + j));
    return [(call[0] as number) % calls, (call[1] as number) % whos, ...call.slice(2)];
  };
  const [setups, races] = [at(5) % (SETUP_MAX + 1), at(6) % (RACE_MAX + 1)];
  return {
    header,
    setup: Array.from({ length: setups }, (_, i) => record(i, builders.length, FUZZ_MMS)),
    race: Array.from({ length: races }, (_, i) => record(setups + i, calls.length, tasks)),
  };
}

function putTogether({ header, setup, race }: Draft): Uint8Array {
  const counted = [...header.slice(0, 5), setup.length, race.length, header[7] ?? 0];
  return Uint8Array.from([...counted, ...setup.flat(), ...race.flat()]);
}

const without = <T>(list: readonly T[], i: number): T[] => [...list.slice(0, i), ...list.slice(i + 1)];
const replaced = <T>(list: readonly T[], i: number, value: T): T[] => [
  ...list.slice(0, i),
  value,
  ...list.slice(i + 1),
];

/** Task of a call of the race. */
const taskOf = (draft: Draft, call: readonly number[]): number => (call[1] as number) % tasksOf(draft);
const tasksOf = (draft: Draft): number => 1 + ((draft.header[0] as number) % FUZZ_TASKS);

/** Programs with one thing less. Biggest steps first. */
function* smaller(draft: Draft): Generator<Draft> {
  const { header, setup, race } = draft;
  const tasks = tasksOf(draft);
  for (let task = tasks - 1; task >= 0 && tasks > 1; task--) yield withoutTask(draft, task);
  for (let task = tasks - 1; task >= 0 && tasks > 1; task--) {
    if (!race.some((call) => taskOf(draft, call) === task)) yield withoutTask(draft, task, true);
  }
  for (let i = race.length - 1; i >= 0; i--) yield { ...draft, race: without(race, i) };
  for (let i = setup.length - 1; i >= 0; i--) yield { ...draft, setup: without(setup, i) };
  for (let i = 0; i < race.length && setup.length < SETUP_MAX; i++) {
    const moved = intoSetup(draft, race[i] as readonly number[]);
    if (moved !== undefined) yield { ...draft, setup: [...setup, moved], race: without(race, i) };
  }
  for (let cpu = FUZZ_CPUS - 1; cpu >= tasks; cpu--) {
    if ((header[1 + cpu] as number) % (FUZZ_MMS + 1) !== FUZZ_MMS)
      yield { ...draft, header: replaced(header, 1 + cpu, FUZZ_MMS) };
  }
}

/** A call of the race that a set-up could make for the task's mm: what need not race should not. */
function intoSetup(draft: Draft, call: readonly number[]): number[] | undefined {
  const { calls, builders } = themeOf(draft.header[0] as number);
  const builder = builders.findIndex((other) => other === calls[(call[0] as number) % calls.length]);
  if (builder < 0) return undefined;
  const mm = (draft.header[1 + taskOf(draft, call)] as number) % FUZZ_MMS;
  return [builder, mm, ...call.slice(2)];
}

/** The last task takes the place of the one that goes; its CPU goes on running user code when `stays`. */
function withoutTask(draft: Draft, task: number, stays = false): Draft {
  const last = tasksOf(draft) - 1;
  const race = draft.race
    .filter((call) => taskOf(draft, call) !== task)
    .map((call) => replaced(call, 1, taskOf(draft, call) === last ? task : taskOf(draft, call)));
  const gone = draft.header[1 + task] as number;
  let header = replaced(draft.header, 0, (draft.header[0] as number) - 1);
  header = replaced(header, 1 + task, draft.header[1 + last] as number);
  return { ...draft, header: replaced(header, 1 + last, stays ? gone : FUZZ_MMS), race };
}

/** The same program told otherwise: names of mms, places of CPUs, order of the set-up, all addresses one GiB lower. */
function* otherwise(draft: Draft): Generator<Draft> {
  for (let a = 0; a < FUZZ_MMS; a++) for (let b = a + 1; b < FUZZ_MMS; b++) yield renamed(draft, a, b);
  for (let a = tasksOf(draft); a < FUZZ_CPUS; a++) {
    for (let b = a + 1; b < FUZZ_CPUS; b++) {
      const [first, second] = [draft.header[1 + a] as number, draft.header[1 + b] as number];
      yield { ...draft, header: replaced(replaced(draft.header, 1 + a, second), 1 + b, first) };
    }
  }
  for (let i = 0; i + 1 < draft.setup.length; i++) {
    const [first, second] = [draft.setup[i] as readonly number[], draft.setup[i + 1] as readonly number[]];
    yield { ...draft, setup: replaced(replaced(draft.setup, i, second), i + 1, first) };
  }
  for (let mm = 0; mm <= FUZZ_MMS; mm++) yield lowered(draft, mm);
}

/** Two mms change their names. What switches to an mm keeps its argument: those candidates may not stand. */
function renamed(draft: Draft, a: number, b: number): Draft {
  const name = (mm: number): number => (mm === a ? b : mm === b ? a : mm);
  const header = draft.header.map((value, i) => (i >= 1 && i <= FUZZ_CPUS ? name(value) : value));
  return { ...draft, header, setup: draft.setup.map((call) => replaced(call, 1, name(call[1] as number))) };
}

/** Addresses of an mm (of all, for the number of mms) one GiB lower. */
function lowered(draft: Draft, mm: number): Draft {
  const lower = (call: readonly number[], of: number): readonly number[] => {
    const first = call[2] as number;
    return (mm === FUZZ_MMS || mm === of) && (first & 15) >= 4 ? replaced(call, 2, first - 4) : call;
  };
  return {
    ...draft,
    setup: draft.setup.map((call) => lower(call, call[1] as number)),
    race: draft.race.map((call) => lower(call, draft.header[1 + taskOf(draft, call)] as number)),
  };
}

/** Whether one program comes before the other: shorter, or smaller at the first byte that differs. */
function comesBefore(a: Draft, b: Draft): boolean {
  const [first, second] = [putTogether(a), putTogether(b)];
  if (first.length !== second.length) return first.length < second.length;
  const at = first.findIndex((value, i) => value !== second[i]);
  return at >= 0 && (first[at] as number) < (second[at] as number);
}

/** Programs with one value made smaller: zero, half, one less. Bytes that mean the same count as smaller ones. */
function* plainer(draft: Draft): Generator<Draft> {
  const { header, setup, race } = draft;
  const tasks = tasksOf(draft);
  for (const i of [1, 2, 3, 4, 7]) {
    // A CPU without a task that runs nothing is as plain as can be.
    if (i > tasks && i < 5 && (header[i] as number) % (FUZZ_MMS + 1) === FUZZ_MMS) continue;
    for (const value of lower(header[i] as number)) yield { ...draft, header: replaced(header, i, value) };
  }
  for (const [name, list] of [
    ["setup", setup],
    ["race", race],
  ] as const) {
    for (let i = 0; i < list.length; i++) {
      const call = list[i] as readonly number[];
      for (let j = 0; j < CALL_BYTES; j++) {
        const values = j === 0 ? Array.from({ length: call[0] as number }, (_, k) => k) : lower(call[j] as number);
        for (const value of values) yield { ...draft, [name]: replaced(list, i, replaced(call, j, value)) };
      }
    }
  }
}

const lower = (value: number): number[] =>
  [...new Set([0, value & 15, value >> 1, value - 1])].filter((other) => other >= 0 && other < value);

/** A smaller input that shows the target, with a schedule for it; undefined when the input does not show it. */
export function shrinkInput(arena: Arena, bytes: Uint8Array, target: Target): Uint8Array | undefined {
  const { core } = arena.machine;
  const kept = [FuzzWord.MODE, FuzzWord.STRATEGY].map((field) => [field, arena.get(field)] as const);
  arena.choose("portfolio");
  // Not `fixed`: what is another call's matter is no finding of a program (assembly/fuzz/runner.ts).
  arena.set(FuzzWord.MODE, modes.random);
  arena.set(FuzzWord.WANTED, TRIES);
  arena.seed(1);
  arena.write(bytes);
  const { kind, birth, at } = target;
  core.call.fuzzInput();
  if (core.call.fuzzShowed(kind, birth, at) === 0) return undefined;
  let best = arena.read();
  let draft = takeApart(best);
  let schedule = best.subarray(arena.get(FuzzWord.SCHEDULE_AT));
  const stands = (candidate: Draft): boolean => {
    const program = putTogether(candidate);
    arena.write(Uint8Array.from([...program, ...schedule]));
    if (core.call.fuzzInput() === 0) return false;
    if (core.call.fuzzShowed(kind, birth, at) === 0 && core.call.fuzzSeek(kind, birth, at) === 0) return false;
    best = arena.read();
    draft = candidate;
    schedule = best.subarray(program.length);
    return true;
  };
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const before = putTogether(draft).join();
    descend(() => smaller(draft), stands);
    descend(() => plainer(draft), stands);
    descend(
      () => otherwise(draft),
      (candidate) => comesBefore(candidate, draft) && stands(candidate),
    );
    if (putTogether(draft).join() === before) break;
  }
  for (const [field, value] of kept) arena.set(field, value);
  return best;
}

/** Takes the first candidate that stands, and begins again from it, until none does. */
function descend(candidates: () => Generator<Draft>, stands: (candidate: Draft) => boolean): void {
  let improved = true;
  while (improved) {
    improved = false;
    for (const candidate of candidates()) {
      if (!stands(candidate)) continue;
      improved = true;
      break;
    }
  }
}
