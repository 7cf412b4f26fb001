/**
 * An input taken apart, for shrinking: calls and CPUs keep their names when their neighbours go.
 *
 * Programs are ordered: fewer calls in the race, fewer calls, fewer tasks, fewer busy CPUs, then names and
 * bytes. Every change
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

export function withByte(call: DraftCall, j: number, value: number): DraftCall {
  if (call.bytes[j] === value) return call;
  const bytes = call.bytes.slice();
  bytes[j] = value;
  return { id: call.id, bytes };
}

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

/** A program with its bytes. */
export interface Written {
  readonly draft: Draft;
  readonly bytes: Uint8Array;
}

/** Whether one program comes before the other. */
export function comesBefore(a: Written, b: Written): boolean {
  const [one, other] = [a.draft, b.draft];
  const difference =
    one.race.length - other.race.length ||
    one.setup.length - other.setup.length ||
    one.tasks - other.tasks ||
    busy(one) - busy(other) ||
    one.theme - other.theme ||
    byNames(a.bytes, b.bytes) ||
    byValues(a.bytes, b.bytes);
  return difference < 0;
}

function byNames(a: Uint8Array, b: Uint8Array): number {
  for (let at = HEADER; at < a.length; at += CALL_BYTES)
    if (a[at] !== b[at]) return (a[at] as number) - (b[at] as number);
  return 0;
}

/** How long a range is (byte 3) counts before where it begins (byte 2). */
const ORDER = [0, 1, 3, 2, 4, 5, 6, 7];

function byValues(a: Uint8Array, b: Uint8Array): number {
  for (let call = 0; call < a.length; call += CALL_BYTES) {
    for (const j of call < HEADER ? HEADER_ORDER : ORDER) {
      const difference = (a[call + j] as number) - (b[call + j] as number);
      if (difference !== 0) return difference;
    }
  }
  return 0;
}

const HEADER_ORDER = [0, 1, 2, 3, 4, 5, 6, 7];
