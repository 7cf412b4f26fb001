/**
 * The table of calls that the core draws from: how each argument is drawn, as its name says.
 */
import { CALLS_MAX, CallEntry, CallFlag, Draw, FUZZ_TASKS } from "../../assembly/abi/fuzz.js";
import { Reg } from "../../assembly/abi/operands.js";
import { calls } from "../kernel/calls.js";
import type { Call } from "../kernel/listing.js";

/** Every call that a random program can hold, by its number in the core's table: those of themes, one for guests. */
export const randomCalls: readonly Call[] = calls.filter((call) => call.random?.never !== true);

interface ThemeCalls {
  readonly name: "hugetlb" | "files" | "anonymous" | "guests" | "kernel";
  /** A byte of an input names a call by its place here: new ones go to the end. */
  readonly calls: readonly Call[];
  /** Those that a set-up may make. */
  readonly builders: readonly Call[];
}

export type ThemeName = ThemeCalls["name"];

const theme = (name: ThemeName, names: string): ThemeCalls => {
  const list = names.split(" ").map((wanted) => {
    const found = randomCalls.find((call) => call.name === wanted);
    if (found === undefined) throw new Error(`the theme ${name} has no call ${wanted}`);
    return found;
  });
  return { name, calls: list, builders: list.filter((call) => call.random?.builds === true) };
};

/** What programs are about, in the order of assembly/abi/fuzz.ts Theme. */
// What is there twice is drawn twice as often.
export const themes: readonly ThemeCalls[] = [
  theme(
    "hugetlb",
    "mmap munmap exit truncate punch mprotect mremap migrate poison dontneed load store switch idle clear-refs " +
      "fail-batches ftruncate uffd-register pin scan pin munmap pin",
  ),
  theme(
    "files",
    "mmap load store munmap mprotect mremap dontneed ftruncate revoke reclaim writeback migrate-page numa-scan exit " +
      "switch idle reclaim writeback mprotect dontneed reclaim munmap mprotect numa-scan",
  ),
  theme(
    "anonymous",
    "mmap load store munmap dontneed collapse collapse-huge pin shrink-huge-zero uffd-wp write-fault clear-refs idle " +
      "switch fail-batches exit dontneed",
  ),
  theme(
    "guests",
    "mmap load store guest-page guest-huge dontneed retract kvm-zap-table kvm-recover kvm-unmap-table kvm-sync-page " +
      "kvm-zap-table kvm-recover kvm-unmap-table kvm-sync-page dontneed retract",
  ),
  theme(
    "kernel",
    "mmap load store vmap vunmap dontneed unmap-of asid-rollover exec switch idle unmap-of asid-rollover exec switch " +
      "dontneed unmap-of exec switch dontneed asid-rollover",
  ),
];

/** The theme that the first byte of an input names. */
export const themeOf = (first: number): ThemeCalls =>
  themes[Math.floor(first / FUZZ_TASKS) % themes.length] as ThemeCalls;

const SINGLE: Readonly<Record<string, Draw>> = {
  start: Draw.ADDRESS,
  to: Draw.DESTINATION,
  prot: Draw.PROT,
  mm: Draw.MM,
  file: Draw.FILE,
};

type Argument = readonly [Draw, Reg];

const FILES = { ordinary: Draw.PAGE_FILE, cached: Draw.CACHED_FILE, device: Draw.DEVICE_FILE } as const;
const STARTS = { huge: Draw.HUGE_ADDRESS, kernel: Draw.KERNEL_ADDRESS } as const;

function singleDraw({ random }: Call, name: string): Draw {
  if (name === "file" && random?.file !== undefined) return FILES[random.file];
  if (name === "start" && random?.start !== undefined) return STARTS[random.start];
  if (name === "value" && random?.value !== undefined) return Draw.COUNTER;
  return SINGLE[name] ?? Draw.VALUE;
}

const isMapping = (call: Call): boolean => "file" in call.arguments && "flags" in call.arguments;

/** Draws of a call's arguments, in the order in which they take bytes of the input. */
export function drawsOf(call: Call): readonly Argument[] {
  const rest = { ...call.arguments };
  const draws: Argument[] = [];
  const take = (names: readonly string[], draw: Draw): void => {
    draws.push([draw, rest[names[0] as string] ?? Reg.START]);
    for (const name of names) delete rest[name];
  };
  const onFile = "file" in rest && !isMapping(call);
  if ("start" in rest && "end" in rest) take(["start", "end"], rangeDraw(call, onFile));
  if (isMapping(call)) take(["file", "offset", "flags"], Draw.MAP);
  for (const [name, reg] of Object.entries(rest)) draws.push([singleDraw(call, name), reg]);
  return draws;
}

/** Bytes that a draw takes where it is not one. */
const BYTES: ReadonlyMap<Draw, number> = new Map([
  [Draw.RANGE, 2],
  [Draw.FILE_RANGE, 2],
  [Draw.MAP, 2],
  [Draw.GIANT_RANGE, 0],
  [Draw.SPACE, 0],
  [Draw.PAGE_FILE, 0],
  [Draw.DEVICE_FILE, 0],
]);

interface Place {
  readonly draw: Draw;
  readonly at: number;
}

const places = new Map<Call, readonly Place[]>();

/** The byte of a call's eight at which each of its arguments begins. */
export function placesOf(call: Call): readonly Place[] {
  const known = places.get(call);
  if (known !== undefined) return known;
  let next = 2;
  const found = drawsOf(call).map(([draw]) => {
    const at = next;
    next += BYTES.get(draw) ?? 1;
    return { draw, at };
  });
  places.set(call, found);
  return found;
}

function rangeDraw(call: Call, onFile: boolean): Draw {
  if (call.random?.range === "space") return Draw.SPACE;
  if (call.random?.range === "tail") return Draw.FILE_TAIL;
  if (call.random?.range === "page") return Draw.FILE_PAGE;
  if (call.random?.range === "huge") return Draw.HUGE_RANGE;
  if (call.random?.range === "giant") return Draw.GIANT_RANGE;
  return onFile ? Draw.FILE_RANGE : Draw.RANGE;
}

export function flagsOf(call: Call): number {
  const { effect, flushes, guest, alone } = call.random ?? {};
  return (
    (call.random?.builds ? CallFlag.BUILDS : 0) |
    ("file" in call.arguments && !isMapping(call) ? CallFlag.FILE_ONLY : 0) |
    (effect === "switches" ? CallFlag.SWITCHES : 0) |
    (effect === "idles" ? CallFlag.IDLES : 0) |
    (effect === "exits" ? CallFlag.EXITS : 0) |
    (guest === true ? CallFlag.GUEST : 0) |
    (alone === true ? CallFlag.ALONE : 0) |
    (flushes === "deferred" || flushes === "both" ? CallFlag.DEFERS : 0) |
    (flushes === "heeded" || flushes === "both" ? CallFlag.HEEDS : 0)
  );
}

/** The words of one entry of the table. */
export function entryWords(call: Call, first: number): Uint32Array {
  const words = new Uint32Array(CallEntry.WORDS);
  const draws = drawsOf(call);
  words.set([first, flagsOf(call), draws.length, ...draws.flat()]);
  return words;
}

if (randomCalls.length > CALLS_MAX) throw new Error(`more than ${CALLS_MAX} calls`);
