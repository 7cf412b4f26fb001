/**
 * An input taken apart, for shrinking: calls and CPUs keep their names when their neighbours go.
 *
 * Programs are ordered: fewer calls in the race, fewer calls, fewer tasks, fewer busy CPUs, then the bytes. Every change
 * that shrinking makes goes down in this order, so it ends, and of two spellings of one story one is the first.
 */
import { CALL_BYTES, FUZZ_CPUS, FUZZ_MMS, FUZZ_TASKS, HEADER, RACE_MAX, SETUP_MAX } from "../../assembly/abi/fuzz.js";
import type { Call } from "../kernel/listing.js";
import { themeOf, themes } from "./table.js";

export interface DraftCall {
  /** Stays what it is when the bytes change. */
  readonly id: number;
  /** Its place in the list of the theme; its task, in the set-up its mm; arguments. */
  readonly bytes: readonly number[];
}

export interface DraftCpu {
  readonly id: number;
  /** FUZZ_MMS: none. */
  readonly mm: number;
}

export interface Draft {
  readonly theme: number;
  /** Task `i` runs on CPU `i`. */
  readonly tasks: number;
  readonly cpus: readonly DraftCpu[];
  /** Byte 7: sizes of files, faults of the hardware. */
  readonly world: number;
  readonly setup: readonly DraftCall[];
  readonly race: readonly DraftCall[];
}

/** No mm. */
export const IDLE = FUZZ_MMS;

/** Bytes that mean the same are the same number afterwards. The name of a call is its place in the input. */
export function takeApart(bytes: Uint8Array): Draft {
  const at = (i: number): number => bytes[i] ?? 0;
  const tasks = 1 + (at(0) % FUZZ_TASKS);
  const { calls, builders } = themeOf(at(0));
  const record = (i: number, calls: number, whos: number): DraftCall => {
    const call = Array.from({ length: CALL_BYTES }, (_, j) => at(HEADER + CALL_BYTES * i + j));
    return { id: i, bytes: [(call[0] as number) % calls, (call[1] as number) % whos, ...call.slice(2)] };
  };
  const [setups, races] = [at(5) % (SETUP_MAX + 1), at(6) % (RACE_MAX + 1)];
  return {
    theme: Math.floor(at(0) / FUZZ_TASKS) % themes.length,
    tasks,
    cpus: Array.from({ length: FUZZ_CPUS }, (_, cpu) => ({
      id: cpu,
      mm: at(1 + cpu) % (cpu < tasks ? FUZZ_MMS : FUZZ_MMS + 1),
    })),
    world: at(7),
    setup: Array.from({ length: setups }, (_, i) => record(i, builders.length, FUZZ_MMS)),
    race: Array.from({ length: races }, (_, i) => record(setups + i, calls.length, tasks)),
  };
}

export function putTogether({ theme, tasks, cpus, world, setup, race }: Draft): Uint8Array {
  const bytes = new Uint8Array(HEADER + CALL_BYTES * (setup.length + race.length));
  bytes[0] = FUZZ_TASKS * theme + tasks - 1;
  cpus.forEach(({ mm }, cpu) => {
    bytes[1 + cpu] = mm;
  });
  bytes[5] = setup.length;
  bytes[6] = race.length;
  bytes[7] = world;
  let at = HEADER;
  for (const list of [setup, race]) {
    for (const call of list) {
      bytes.set(call.bytes, at);
      at += CALL_BYTES;
    }
  }
  return bytes;
}

/** The call's place in its list; its task or mm. */
export const nameOf = (call: DraftCall): number => call.bytes[0] as number;
export const whoOf = (call: DraftCall): number => call.bytes[1] as number;

/** Calls of different tasks have no order but that of the tasks. */
export const byTask = (race: readonly DraftCall[]): DraftCall[] => [...race].sort((a, b) => whoOf(a) - whoOf(b));

export const withByte = (call: DraftCall, j: number, value: number): DraftCall => ({
  id: call.id,
  bytes: call.bytes.map((other, k) => (k === j ? value : other)),
});

export const without = <T>(list: readonly T[], i: number): T[] => [...list.slice(0, i), ...list.slice(i + 1)];
export const replaced = <T>(list: readonly T[], i: number, value: T): T[] =>
  list.map((other, k) => (k === i ? value : other));

export const withMm = ({ cpus }: Draft, cpu: number, mm: number): Draft["cpus"] =>
  cpus.map((other, k) => (k === cpu ? { ...other, mm } : other));

/** The mm that a task begins in. */
export const mmOf = (draft: Draft, task: number): number => draft.cpus[task]?.mm ?? 0;

export const themeAt = (draft: Draft): (typeof themes)[number] => themes[draft.theme] as (typeof themes)[number];

export function callOf(draft: Draft, call: DraftCall, builds = false): Call {
  const { calls, builders } = themeAt(draft);
  return (builds ? builders : calls)[nameOf(call)] as Call;
}

const busy = ({ cpus }: Draft): number => cpus.filter(({ mm }) => mm !== IDLE).length;

/** Whether one program comes before the other. */
export function comesBefore(a: Draft, b: Draft): boolean {
  const sizes = [
    a.race.length - b.race.length,
    a.setup.length - b.setup.length,
    a.tasks - b.tasks,
    busy(a) - busy(b),
  ].find((difference) => difference !== 0);
  if (sizes !== undefined) return sizes < 0;
  const [first, second] = [keyOf(a), keyOf(b)];
  const at = first.findIndex((value, i) => value !== second[i]);
  return at >= 0 && (first[at] as number) < (second[at] as number);
}

/** Theme, names of the calls, then the bytes, in which how long a range is counts before where it begins. */
function keyOf(draft: Draft): number[] {
  const bytes = putTogether(draft);
  for (let at = HEADER; at < bytes.length; at += CALL_BYTES) {
    [bytes[at + 2], bytes[at + 3]] = [bytes[at + 3] as number, bytes[at + 2] as number];
  }
  return [draft.theme, ...draft.setup.map(nameOf), ...draft.race.map(nameOf), ...bytes];
}
