/**
 * Leaving schedules out: the seed scenario with 4 CPUs, 3 mms and 2 files, searched to the end, beside SPIN and its
 * partial-order reduction on the exported model (docs/promela.md), in the same minutes.
 *
 * Both sides count user CPU time; ours includes learning and every search that had to begin again. SPIN's reduction
 * finds nothing in the exported model, in which every step is one of one process.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Status } from "../assembly/abi/events.js";
import { openSearchCore } from "../src/core/core.js";
import { withValues } from "../src/explore/choose.js";
import type { ReductionName } from "../src/explore/reductions.js";
import { ExhaustiveSearch } from "../src/explore/search.js";
import { type StageOptions, stage } from "../src/explore/stage.js";
import { exportPromela } from "../src/export/promela.js";
import { findBackend } from "../src/kernel/arch/backends.js";
import { findEdition } from "../src/kernel/editions.js";
import { seed } from "../src/scenarios/01-seed.js";
import { type Figure, figure } from "./measure.js";

const SIZE = { cpus: 4, mms: 3, files: 2 } as const;
const EDITION = "5.19";
const SLICE = 4000;

interface Timed {
  readonly seconds: number;
  readonly states: number;
  readonly kinds: number;
}

function race(set: Readonly<Record<string, number>>): StageOptions {
  const scenario = withValues(seed, set);
  const [which, edition, backend] = [scenario.cases[0], findEdition(EDITION), findBackend("x86")];
  if (which === undefined || edition === undefined || backend === undefined) throw new Error("there is no such race");
  return { scenario, which, edition, backend };
}

function ours(what: StageOptions, reduce: ReductionName): Timed {
  const core = openSearchCore(reduce !== "none");
  const machine = stage({ ...what, core });
  const from = process.cpuUsage().user;
  const search = new ExhaustiveSearch(core, machine, { hardware: "oracle", memoryMib: 1024, statesMax: 1e9, reduce });
  while (search.slice(SLICE) === Status.RUNNING);
  const seconds = (process.cpuUsage().user - from) / 1e6;
  const kinds = machine.violations().reduce((mask, { kind }) => mask | (1 << kind), 0);
  return { seconds, states: search.figures().states, kinds };
}

/** Builds SPIN's program, its reduction left on. Gives its path; undefined where `spin` or `cc` is not there. */
function buildSpin(folder: string, what: StageOptions): string | undefined {
  const place = join(folder, "spin-seed");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "model.pml"), exportPromela(what));
  const steps: [string, string[]][] = [
    ["spin", ["-o2", "-a", "model.pml"]],
    ["cc", ["-O3", "-w", "-DSAFETY", "-DVECTORSZ=4096", "-DMEMLIM=4000", "-o", "pan", "pan.c"]],
  ];
  const built = steps.every(([program, args]) => spawnSync(program, args, { cwd: place }).status === 0);
  return built ? join(place, "pan") : undefined;
}

function spins(path: string): { seconds: number; states: number } | undefined {
  const command = `TIMEFORMAT='user %U'; time "${path}" -m1000000 -w21 -c0`;
  const { stdout, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8", maxBuffer: 1 << 28 });
  const states = /(\d+) states, stored/.exec(stdout)?.[1];
  const seconds = /user (\d+[.,]\d+)/.exec(stderr)?.[1];
  if (states === undefined || seconds === undefined) return undefined;
  return { states: Number(states), seconds: Number(seconds.replace(",", ".")) };
}

/** States with and without it at a small size: what the smoke run compares. */
export function reductionResults(): Map<string, string> {
  const what = race({ cpus: 4, mms: 3 });
  const [all, some] = [ours(what, "none"), ours(what, "por")];
  return new Map([["reduction seed 4-3-1", `states ${all.states} reduced ${some.states} kinds ${some.kinds}`]]);
}

export function reductionFigures(folder: string, rounds: number): Figure[] {
  const what = race(SIZE);
  const name = "seed, 4 CPUs, 3 mms, 2 files, reduced, to the proof";
  const path = buildSpin(folder, what);
  const [seconds, plain, ratios]: [number[], number[], number[]] = [[], [], []];
  let note = "";
  for (let round = 0; round < rounds; round++) {
    const [all, some] = [ours(what, "none"), ours(what, "por")];
    if (all.kinds !== some.kinds) throw new Error("the reduction has lost a violation");
    seconds.push(some.seconds);
    plain.push(all.seconds / some.seconds);
    note = `${some.states} of ${all.states} states`;
    const theirs = path === undefined ? undefined : spins(path);
    if (theirs === undefined) continue;
    if (theirs.states !== all.states) throw new Error(`SPIN has ${theirs.states} states, we have ${all.states}`);
    ratios.push(theirs.seconds / some.seconds);
  }
  const figures = [figure(name, "s", seconds, { note }), figure("the same against no reduction", "x", plain)];
  if (ratios.length > 0)
    figures.push(figure("the same against SPIN with its own", "x", ratios, { goal: { atLeast: 20 } }));
  else console.log("SPIN is left out: spin or cc is not there or fails.");
  return figures;
}
