/**
 * Benchmarks of the throughput engine.
 *
 *   node dist/bench/replay.js [--smoke] [--rounds N] [--only TEXT] [--json FILE] [--compare OLD.json]
 *
 * Prints rates in million units per CPU second and ratios to native C, which is compiled when `cc` is there. --smoke
 * runs everything small and prints a hash of what was computed; --compare says what became slower than in an earlier
 * --json.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Figure } from "./measure.js";
import { type Measured, measure } from "./replay/harness.js";
import { suites } from "./replay/suites.js";

const SMOKE = { accesses: 100_000, synthetic: 100_000, native: false };
const FULL = { accesses: 5_000_000, synthetic: 10_000_000, native: true };
/** Slower by more than this is said aloud: the machine's own noise is less. */
const TOLERANCE = 0.85;

export interface BenchOptions {
  readonly smoke?: boolean;
  readonly rounds?: number;
  readonly only?: string;
  readonly print?: (line: string) => void;
}

/** Runs the suites; gives what was measured, and a hash of the results. */
export async function benchReplay(options: BenchOptions = {}): Promise<{ measured: Measured[]; hash: string }> {
  const print = options.print ?? (() => {});
  const measured: Measured[] = [];
  for (const [name, make] of suites(options.smoke ? SMOKE : FULL)) {
    if (options.only !== undefined && !name.includes(options.only)) continue;
    const result = await measure(await make(), options.smoke ? 1 : (options.rounds ?? 7));
    measured.push(result);
    const rates = Object.entries(result.rates).map(([task, rate]) => `${task} ${rate.toFixed(1)}`);
    print(`${name.padEnd(24)} ${rates.join(", ")}`);
    for (const { name: ratio, ratio: value, atLeast } of result.ratios) {
      const verdict = value < atLeast ? " BELOW" : "";
      print(`${" ".repeat(25)}${ratio} = ${value.toFixed(2)} (at least ${atLeast.toFixed(2)})${verdict}`);
    }
  }
  const computed = measured.map(({ suite, result }) => [suite, result]);
  return { measured, hash: createHash("sha256").update(JSON.stringify(computed)).digest("hex").slice(0, 16) };
}

/** The same as figures for `npm run bench`: ratios with their goals, and rates. */
export async function throughputFigures(rounds: number): Promise<Figure[]> {
  const { measured } = await benchReplay({ rounds });
  return measured.flatMap(({ suite, rates, ratios }) => [
    ...ratios.map(({ name, ratio, low, high, atLeast }) => ({
      name: `throughput ${name}`,
      unit: "x",
      value: ratio,
      low,
      high,
      goal: { atLeast },
    })),
    ...Object.entries(rates).map(([task, value]) => ({
      name: `throughput ${suite}: ${task}`,
      unit: "M/s",
      value,
      low: value,
      high: value,
    })),
  ]);
}

/** What is slower than before, as lines. */
export function slower(now: readonly Measured[], before: readonly Measured[]): string[] {
  return now.flatMap(({ suite, ratios }) => {
    const old = before.find((candidate) => candidate.suite === suite);
    return ratios.flatMap(({ name, ratio }) => {
      const was = old?.ratios.find((candidate) => candidate.name === name)?.ratio;
      return was !== undefined && ratio < was * TOLERANCE
        ? [`${name}: ${was.toFixed(2)} before, ${ratio.toFixed(2)} now`]
        : [];
    });
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      smoke: { type: "boolean" },
      rounds: { type: "string" },
      only: { type: "string" },
      json: { type: "string" },
      compare: { type: "string" },
    },
  });
  const { measured, hash } = await benchReplay({
    ...(values.smoke ? { smoke: true } : {}),
    ...(values.rounds ? { rounds: Number(values.rounds) } : {}),
    ...(values.only ? { only: values.only } : {}),
    print: (line) => console.log(line),
  });
  console.log(`results ${hash}`);
  if (values.json)
    writeFileSync(values.json, `${JSON.stringify({ schema: "shootdown/bench@1", measured, hash }, null, 2)}\n`);
  if (values.compare === undefined) return;
  const before = JSON.parse(readFileSync(values.compare, "utf8")) as { measured: Measured[] };
  const lines = slower(measured, before.measured);
  for (const line of lines) console.log(`slower: ${line}`);
  if (lines.length > 0) process.exitCode = 1;
}

if (process.argv[1]?.endsWith("replay.js")) await main();
