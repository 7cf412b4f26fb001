/**
 * `npm run bench`: every figure, measured on this machine, next to its goal.
 *
 *   search           only the searches, and the yardstick beside SPIN (when `spin` and `cc` are there)
 *   catalogue [NAME...]  only the catalogue of bugs: seconds of check and of fuzz for each (40 minutes at most)
 *   throughput       only the memory traces (`npm run bench:replay` does parts of it, and other numbers of rounds)
 *   fuzz             only the fuzzer: rates, how soon the race is found, strategies, two workers
 *   --smoke          smallest sizes, results compared with bench/smoke.json (what `npm run check` runs)
 *   --update         with --smoke: writes bench/smoke.json
 *   --json FILE      where the figures go (default build/bench.json)
 *   --compare FILE   says what became worse since the run that wrote FILE
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bootFigures } from "./boot.js";
import { catalogue } from "./catalogue.js";
import { detectionFigures } from "./detection.js";
import { fuzzFigures } from "./fuzz.js";
import type { Figure } from "./measure.js";
import { buildNative, type Programs } from "./native.js";
import { reductionFigures } from "./reductions.js";
import { throughputFigures } from "./replay.js";
import { comparison, reportOf, textOf } from "./report.js";
import { searchFigures } from "./search.js";
import { smokeDifferences } from "./smoke.js";
import { steppingFigures } from "./stepping.js";
import { pctFigure, workerFigures } from "./workers.js";
import { yardstickFigures } from "./yardstick.js";

/** dist/bench/main.js lies two folders below the root. */
const root = fileURLToPath(new URL("../../", import.meta.url));

const FULL = { rounds: 15, runs: 2000, checked: 2000, repeats: 10, seeds: 100, concreteSeeds: 5, bound: 10_000 };
const REDUCTION_ROUNDS = 3;
const YARDSTICK_ROUNDS = 3;
const WORKER_ROUNDS = 3;
const THROUGHPUT_ROUNDS = 5;
const SMOKE = { rounds: 1, runs: 20, checked: 50, repeats: 1, seeds: 5, concreteSeeds: 1, bound: 100 };

function nativePrograms(folder: string): Programs | undefined {
  const built = buildNative(root, folder);
  if (!("missing" in built)) return built;
  console.log(`The comparison with C is left out: ${built.missing}.`);
  return undefined;
}

/** Only what `npm run bench -- search` asks for. It takes minutes: each part is printed when it is there, too. */
async function measureSearch(): Promise<Figure[]> {
  const figures: Figure[] = [];
  const parts: readonly (() => Figure[] | Promise<Figure[]>)[] = [
    () => [pctFigure(3)],
    () => yardstickFigures(root, join(root, "build/bench"), YARDSTICK_ROUNDS),
    () => reductionFigures(join(root, "build/bench"), REDUCTION_ROUNDS),
    () => workerFigures([6, 2, 2], WORKER_ROUNDS),
    () => searchFigures(FULL.rounds, FULL.repeats),
  ];
  for (const part of parts) {
    const found = await part();
    for (const { name, value, unit } of found) console.error(`${name}: ${value.toPrecision(3)} ${unit}`);
    figures.push(...found);
  }
  return figures;
}

const FUZZ = { rounds: 5, runs: 100_000, seeds: 21, schedules: 20_000, seconds: 4, workerRuns: 400_000 };
const FUZZ_SMOKE = { rounds: 1, runs: 1000, seeds: 1, schedules: 20, seconds: 0.1, workerRuns: 1000 };

async function measure(smoke: boolean): Promise<Figure[]> {
  const size = smoke ? SMOKE : FULL;
  const folder = join(root, "build/bench");
  const programs = nativePrograms(folder);
  return [
    ...(await steppingFigures(programs, { ...size, folder })),
    ...(await searchFigures(size.rounds, size.repeats)),
    ...(await bootFigures(root, size.rounds)),
    ...detectionFigures(size.seeds, size.concreteSeeds, size.bound),
    ...(await fuzzFigures(smoke ? FUZZ_SMOKE : FUZZ)),
    // Its smoke run is a test of its own: test/replay/bench.test.ts.
    ...(smoke ? [] : await throughputFigures(THROUGHPUT_ROUNDS)),
  ];
}

/** What the words on the command line ask for; everything without one. */
function chosen(words: readonly string[]): Promise<Figure[]> {
  if (words.includes("search")) return measureSearch();
  if (words.includes("fuzz")) return fuzzFigures(FUZZ);
  if (words.includes("throughput")) return throughputFigures(THROUGHPUT_ROUNDS);
  return measure(false);
}

/** Runs everything once, says whether the results are the known ones, and no figures: they would mean nothing. */
async function smokeRun(update: boolean): Promise<number> {
  await measure(true);
  const differences = await smokeDifferences(join(root, "bench/smoke.json"), update);
  for (const line of differences) console.error(`changed: ${line}`);
  if (differences.length > 0) console.error("If the change is meant: node dist/bench/main.js --smoke --update");
  else console.log("every benchmark runs and gives the results of bench/smoke.json");
  return differences.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      smoke: { type: "boolean", default: false },
      update: { type: "boolean", default: false },
      json: { type: "string", default: join(root, "build/bench.json") },
      compare: { type: "string" },
    },
  });
  if (values.smoke) return smokeRun(values.update);
  if (positionals[0] === "catalogue") return catalogue(positionals.slice(1), join(root, "build/bench-catalogue.json"));
  const report = reportOf(await chosen(positionals));
  console.log(textOf(report));
  if (values.compare !== undefined) console.log(`\n${comparison(values.compare, report)}`);
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  return 0;
}

process.exitCode = await main();
