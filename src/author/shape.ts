/**
 * The shape of a listing that somebody else has written: every line is a line, every op exists, every operand is a
 * number of the right kind or a label. What needs an edition and a machine is in proofread.ts.
 */
import type { Op } from "../../assembly/abi/ops.js";
import { backends } from "../kernel/arch/backends.js";
import { orderOf } from "../kernel/editions.js";
import { isOp, labelOf, registersOf } from "./op-facts.js";
import { REGISTERS } from "./registers.js";

/** Throws with what is wrong and what to do. */
export type Complain = (what: string, remedy: string) => never;

const PLACES = ["first", "second", "third"];
const LINE = "a line comes from op(), ops.NAME(...), at(), listing(), since(), until(), only(), unless() or arch()";

/** Checks the lines of one function and of the functions that it calls. */
export function checkShape(sub: unknown, complain: (fn: string) => Complain): void {
  if (!isObject(sub) || sub.kind !== "sub" || typeof sub.name !== "string" || !Array.isArray(sub.lines))
    complain("listing")("this is no listing", 'make it with listing("mm/file.c", "function", [lines])');
  const { name, lines } = sub as { name: string; lines: readonly unknown[] };
  const say = complain(name);
  lines.forEach((line, index) => {
    checkLine(line, `line ${index + 1}`, say, complain);
  });
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function checkLine(line: unknown, where: string, say: Complain, complain: (fn: string) => Complain): void {
  if (Array.isArray(line)) {
    for (const inner of line) checkLine(inner, where, say, complain);
    return;
  }
  if (typeof line === "function") say(`${where} is a function and no line`, "call it: ops.NAME(...)");
  if (!isObject(line)) say(`${where} is ${String(line)} and no line`, LINE);
  const it = line as Record<string, unknown>;
  switch (it.kind) {
    case "op":
      checkOp(it, where, say);
      return;
    case "label":
      if (typeof it.name !== "string" || it.name === "") say(`${where} is a label without a name`, 'write at("name")');
      return;
    case "sub":
      checkShape(it, complain);
      return;
    case "edition":
      checkEdition(it, where, say);
      checkLine(it.lines, where, say, complain);
      return;
    case "arch": {
      const hooks = Object.keys(backends[0]?.hooks ?? {});
      if (!hooks.includes(String(it.name))) {
        say(`${where}: no machine supplies "${it.name}"`, `choose one of: ${hooks.join(", ")}`);
      }
      return;
    }
    default:
      say(`${where} is no line`, LINE);
  }
}

/** A line as the user knows it: its text, or its place. */
const nameOf = (line: Record<string, unknown>, where: string): string =>
  typeof line.text === "string" && line.text !== "" ? `"${line.text}"` : where;

function checkOp(line: Record<string, unknown>, where: string, say: Complain): void {
  const name = nameOf(line, where);
  if (!isOp(line.op)) {
    say(`${name}: there is no op ${String(line.op)}`, "use a builder of `ops` or `pageops` instead of a bare number");
  }
  if (!Array.isArray(line.operands) || line.operands.length > 3)
    say(`${name}: its operands are no list of up to three`, "write op(code, [a, b, c], text, says)");
  const code = line.op as Op;
  const operands = line.operands as readonly unknown[];
  const registers = registersOf(code);
  const label = labelOf.get(code);
  operands.forEach((operand, place) => {
    const which = `${name}: its ${PLACES[place]} operand`;
    if (isObject(operand) && typeof operand.label === "string") {
      if (place !== label) say(`${which} is a label`, "only branches go to labels");
    } else if (!Number.isInteger(operand)) {
      say(
        `${which} is ${String(operand)}`,
        "give a register such as reg.START (is its name spelled right?) or a number",
      );
    } else if (place === label) say(`${which} is a number`, "a branch goes to a label: to(name)");
    else if (registers.includes(place) && ((operand as number) < 0 || (operand as number) >= REGISTERS))
      say(`${which}, ${operand}, is no register`, "take one from `reg`");
  });
}

function checkEdition(line: Record<string, unknown>, where: string, say: Complain): void {
  for (const name of [line.since, line.until]) {
    if (name === undefined) continue;
    try {
      orderOf(String(name));
    } catch {
      say(`${where}: "${name}" is no release`, 'since() and until() take a release such as "5.19", and then a commit');
    }
  }
}
