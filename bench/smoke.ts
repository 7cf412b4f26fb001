/**
 * The smoke run: every benchmark at its smallest size, and its results compared with those of bench/smoke.json.
 *
 * Nothing here is timed. What is compared does not depend on the memory layout, only on what the model does: a changed
 * line is a changed model, or changed random schedules. `--smoke --update` writes the new results.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { detectionResults } from "./detection.js";
import { fuzzResults } from "./fuzz.js";
import { reductionResults } from "./reductions.js";
import { searchResults } from "./search.js";
import { checkStepping, variants } from "./stepping.js";
import { yardstickResults } from "./yardstick.js";

function steppingResults(): Map<string, string> {
  return new Map(
    variants().map(({ name, depth, machine }) => {
      const { steps, kinds, sometimes, hidden } = checkStepping(machine, { depth, seed: 11, runs: 200 });
      return [`step ${name}`, `steps ${steps} kinds ${kinds} sometimes ${sometimes} hidden ${hidden}`];
    }),
  );
}

/** Lines that differ from the file, as text; empty when nothing does. */
export async function smokeDifferences(file: string, update: boolean): Promise<string[]> {
  const results = Object.fromEntries([
    ...steppingResults(),
    ...searchResults(),
    ...yardstickResults(),
    ...reductionResults(),
    ...detectionResults(),
    ...(await fuzzResults()),
  ]);
  if (update) writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  const expected = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  const names = [...new Set([...Object.keys(expected), ...Object.keys(results)])];
  return names
    .filter((name) => expected[name] !== results[name])
    .map((name) => `${name}: ${results[name] ?? "gone"}, expected ${expected[name] ?? "nothing"}`);
}
