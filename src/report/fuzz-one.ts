/**
 * One input as text: the program that its bytes mean, what it broke, and its shortest spelling.
 */
import type { FuzzOneResult } from "../fuzz/one.js";
import { programLines } from "./fuzz.js";
import type { Look } from "./paint.js";
import { plural } from "./text.js";

export function formatFuzzOne(result: FuzzOneResult, look: Look): string {
  const { edition, backend, program, violations, steps, canonical, hash } = result;
  const broken = violations.map(
    ({ kind, severity, step, where }) =>
      `${look.paint(severity === "harm" ? "harm" : "masked", kind)} (${severity}) at step ${step}, ${where}`,
  );
  const lines = [
    look.paint("title", `one input in ${edition} on ${backend}: ${plural(steps, "step")}`),
    ...programLines(program),
    ...(broken.length === 0 ? ["Nothing is broken on this schedule."] : broken),
    `canonical ${Buffer.from(canonical).toString("hex")}, state ${hash}`,
  ];
  return `${lines.join("\n")}\n`;
}
