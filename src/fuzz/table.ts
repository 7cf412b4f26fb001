/**
 * The table of calls that the core draws from: how each argument is drawn, as its name says.
 */
import { CALLS_MAX, CallEntry, CallFlag, Draw } from "../../assembly/abi/fuzz.js";
import { Reg } from "../../assembly/abi/operands.js";
import { calls } from "../kernel/calls.js";
import type { Call } from "../kernel/listing.js";

/** Calls that random programs make, by their number in an input. */
export const randomCalls: readonly Call[] = calls.filter((call) => call.random?.never !== true);

const SINGLE: Readonly<Record<string, Draw>> = {
  start: Draw.ADDRESS,
  to: Draw.DESTINATION,
  prot: Draw.PROT,
  mm: Draw.MM,
  file: Draw.FILE,
};

type Argument = readonly [Draw, Reg];

const singleDraw = (call: Call, name: string): Draw =>
  name === "file" && call.random?.ordinary ? Draw.PAGE_FILE : (SINGLE[name] ?? Draw.VALUE);

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

function rangeDraw(call: Call, onFile: boolean): Draw {
  if (call.random?.range === "space") return Draw.SPACE;
  if (call.random?.range === "tail") return Draw.FILE_TAIL;
  if (call.random?.range === "page") return Draw.FILE_PAGE;
  return onFile ? Draw.FILE_RANGE : Draw.RANGE;
}

export function flagsOf(call: Call): number {
  const effect = call.random?.effect;
  return (
    (call.random?.builds ? CallFlag.BUILDS : 0) |
    ("file" in call.arguments && !isMapping(call) ? CallFlag.FILE_ONLY : 0) |
    (effect === "switches" ? CallFlag.SWITCHES : 0) |
    (effect === "idles" ? CallFlag.IDLES : 0) |
    (effect === "exits" ? CallFlag.EXITS : 0)
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
