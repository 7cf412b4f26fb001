/**
 * The yardstick: states per second of the general machine, hardware enumerated and nothing reduced, beside SPIN's best
 * exact build of the same model, in the same minutes.
 *
 * SPIN's program runs in `bench/native/yardstick.pml` through `spin -a` and `cc -O3 -DSAFETY -DNOREDUCE`. Both sides
 * count user CPU time, and must agree on the number of states.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Status } from "../assembly/abi/events.js";
import { openSearchCore, type SearchCore } from "../src/core/core.js";
import { withValues } from "../src/explore/choose.js";
import { ExhaustiveSearch, type HardwareMode, type SearchFigures } from "../src/explore/search.js";
import { stage } from "../src/explore/stage.js";
import { findBackend } from "../src/kernel/arch/backends.js";
import { findEdition } from "../src/kernel/editions.js";
import type { Machine } from "../src/machine.js";
import { yardstick } from "../src/scenarios/models/yardstick.js";
import { type Figure, figure } from "./measure.js";

export type Size = readonly [cpus: number, mms: number, pages: number];

interface Timed {
  readonly seconds: number;
  readonly states: number;
}

const SLICE = 2000;
const SIZES: readonly Size[] = [
  [4, 2, 3],
  [6, 2, 2],
];
const SMOKE: readonly Size[] = [[2, 2, 1]];

/** The machine of one size of the fixed variant. */
export function stagedYardstick([cpus, mms, pages]: Size): { core: SearchCore; machine: Machine } {
  const scenario = withValues(yardstick, { cpus, mms, pages, variant: "fixed" });
  const [edition, backend, which] = [findEdition("5.19"), findBackend("x86"), scenario.cases[0]];
  if (edition === undefined || backend === undefined || which === undefined) throw new Error("the model is not whole");
  const core = openSearchCore();
  return { core, machine: stage({ scenario, which, edition, backend, core, unlimited: true }) };
}

/** Searches one size of the fixed variant to the end. */
export function ours(size: Size, hardware: HardwareMode): Timed & { figures: SearchFigures } {
  const { core, machine } = stagedYardstick(size);
  const from = process.cpuUsage().user;
  const search = new ExhaustiveSearch(core, machine, { hardware, memoryMib: 1024, statesMax: 1e9 });
  while (search.slice(SLICE) === Status.RUNNING);
  const figures = search.figures();
  return { seconds: (process.cpuUsage().user - from) / 1e6, states: figures.states, figures };
}

/** Builds SPIN's program for one size. Gives its path, or why there is none. */
function buildSpin(root: string, folder: string, [cpus, mms, pages]: Size): { path: string } | { missing: string } {
  const place = join(folder, `spin-${cpus}-${mms}-${pages}`);
  mkdirSync(place, { recursive: true });
  const model = join(root, "bench/native/yardstick.pml");
  const size = [`-DNCPU=${cpus}`, `-DNMM=${mms}`, `-DNHP=${pages}`, "-DVARIANT=0"];
  const steps: [string, string[]][] = [
    ["spin", [...size, "-a", model]],
    ["cc", ["-O3", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=4000", "-o", "pan", "pan.c"]],
  ];
  for (const [program, args] of steps) {
    if (spawnSync(program, args, { cwd: place }).status !== 0) return { missing: `${program} is not there or fails` };
  }
  return { path: join(place, "pan") };
}

/** Runs SPIN's program; bash says how much user time it took. */
function runSpin(path: string): Timed | undefined {
  const command = `TIMEFORMAT='user %U'; time "${path}" -m2000000 -w21`;
  const { stdout, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8" });
  const states = /(\d+) states, stored/.exec(stdout)?.[1];
  const seconds = /user (\d+[.,]\d+)/.exec(stderr)?.[1];
  if (states === undefined || seconds === undefined) return undefined;
  return { states: Number(states), seconds: Number(seconds.replace(",", ".")) };
}

const rate = ({ states, seconds }: Timed): number => states / Math.max(seconds, 1e-3) / 1000;

/** States of the smallest size: what the smoke run compares. */
export function yardstickResults(): Map<string, string> {
  const results = new Map<string, string>();
  for (const size of SMOKE) {
    const { figures } = ours(size, "enumerated");
    results.set(`yardstick ${size.join("-")}`, `states ${figures.states} transitions ${figures.transitions}`);
  }
  return results;
}

export function yardstickFigures(root: string, folder: string, rounds: number): Figure[] {
  const figures: Figure[] = [];
  for (const size of SIZES) {
    const name = `yardstick ${size.join("-")}, hardware enumerated, no reduction`;
    const spin = buildSpin(root, folder, size);
    const [mine, ratios]: [number[], number[]] = [[], []];
    let bytes = 0;
    for (let round = 0; round < rounds; round++) {
      const found = ours(size, "enumerated");
      mine.push(rate(found));
      bytes = found.figures.bytesPerState;
      const theirs = "path" in spin ? runSpin(spin.path) : undefined;
      if (theirs === undefined) continue;
      if (theirs.states !== found.states) throw new Error(`SPIN has ${theirs.states} states, we have ${found.states}`);
      ratios.push(rate(found) / rate(theirs));
    }
    figures.push(figure(name, "k states/s", mine));
    const room = `yardstick ${size.join("-")}, visited set, for each state`;
    figures.push(figure(room, "bytes", [bytes], { goal: { atMost: 12 } }));
    if (ratios.length > 0) figures.push(figure(`${name}, against SPIN`, "x", ratios, { goal: { atLeast: 1.5 } }));
    else console.log(`SPIN is left out: ${"missing" in spin ? spin.missing : "it gives no result"}.`);
  }
  const proof = Array.from({ length: rounds }, () => ours([16, 4, 8], "saturated").seconds);
  figures.push(figure("yardstick 16-4-8, saturated, to the proof", "s", proof, { goal: { atMost: 1 } }));
  return figures;
}
