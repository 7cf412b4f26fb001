/**
 * Stepping: random schedules drawn in the core with the oracle on, in the seed's scenario on x86; and the same in C.
 *
 * A step is one visible op of a task, or one interrupt taken. An op is a step or one of the local ops that run with it:
 * the core does not count those, the C program does, on the same schedules.
 */
import { join } from "node:path";
import { Area, Run } from "../assembly/abi/layout.js";
import { stage } from "../src/explore/stage.js";
import { findBackend } from "../src/kernel/arch/backends.js";
import { findEdition } from "../src/kernel/editions.js";
import type { Machine } from "../src/machine.js";
import { seed } from "../src/scenarios/01-seed.js";
import { type Figure, figure, interleave, ratios, timed, type Work } from "./measure.js";
import { type Counters, Native, type Programs } from "./native.js";

/** Random schedules number `seed` to `seed + runs - 1`; depth 0 is uniform, else PCT. */
export interface Campaign {
  readonly depth: number;
  readonly seed: number;
  readonly runs: number;
}

export interface Variant {
  readonly name: string;
  readonly depth: number;
  readonly machine: Machine;
}

const EDITIONS = ["5.15", "5.16"];
const DEPTHS = [0, 3];

/** The seed's race in each edition and case, with uniform schedules and with PCT. */
export function variants(): Variant[] {
  return EDITIONS.flatMap((name) =>
    seed.cases.flatMap((which) =>
      DEPTHS.map((depth) => {
        const [edition, backend] = [findEdition(name), findBackend("x86")];
        if (edition === undefined || backend === undefined) throw new Error("the seed's editions are gone");
        const schedules = depth === 0 ? "uniform" : `PCT ${depth}`;
        const machine = stage({ scenario: seed, which, edition, backend });
        machine.setRun(Run.STOP_MASK, 0);
        return { name: `${name} ${which.name}, ${schedules}`, depth, machine };
      }),
    ),
  );
}

/** Runs a campaign in one call into the core. Gives its steps. */
export function step(machine: Machine, { depth, seed, runs }: Campaign): number {
  machine.setRun(Run.PCT_DEPTH, depth);
  machine.setRun(Run.SEED, seed);
  machine.setRun(Run.SEED + 1, 0);
  machine.setRun(Run.RUNS, runs);
  machine.core.call.runRandom();
  return machine.long(Area.RUN + Run.STEPS_DONE);
}

/** Each schedule alone, with the hashes of the final states added up: what the C program's `check` must give, too. */
export function checkStepping(machine: Machine, { depth, seed, runs }: Campaign): Counters {
  let [steps, kinds, sometimes, hidden, hashes] = [0, 0, 0, 0, 0n];
  for (let i = 0; i < runs; i++) {
    steps += step(machine, { depth, seed: seed + i, runs: 1 });
    kinds |= machine.run(Run.KINDS);
    sometimes |= machine.run(Run.SOMETIMES);
    hidden |= machine.run(Run.HIDDEN);
    hashes = BigInt.asUintN(64, hashes + BigInt(`0x${machine.hash()}`));
  }
  return { steps, kinds, sometimes, hidden, hashes: hashes.toString(16).padStart(16, "0") };
}

interface Pair {
  readonly variant: Variant;
  readonly native?: Native;
  /** Ops of the C program's check, per step; unknown without a compiler. */
  readonly opsPerStep?: number;
}

/** Runs both sides over the same schedules and throws when a counter or the sum of the state hashes differs. */
async function pairUp(variant: Variant, at: number, programs: Programs | undefined, size: Size): Promise<Pair> {
  if (programs === undefined) return { variant };
  const image = join(size.folder, `${at}.image`);
  const campaign = { depth: variant.depth, seed: 11, runs: size.checked };
  const ours = checkStepping(variant.machine, campaign);
  const counting = new Native(programs.counting, variant.machine, image);
  const theirs = await counting.ask("check", campaign);
  counting.close();
  for (const key of ["steps", "kinds", "sometimes", "hidden", "hashes"] as const) {
    if (ours[key] === theirs[key]) continue;
    throw new Error(`${variant.name}: ${key} is ${ours[key]} in the core and ${theirs[key]} in C: port the change`);
  }
  return {
    variant,
    native: new Native(programs.timed, variant.machine, image),
    opsPerStep: theirs.ops / theirs.steps,
  };
}

export interface Size {
  readonly rounds: number;
  /** Schedules of one timed call. */
  readonly runs: number;
  /** Schedules whose final states are compared with the C program's. */
  readonly checked: number;
  readonly folder: string;
}

/** Schedules of one call into the core: V8 replaces a running function only when it is entered again. */
const SLICE = 500;

function worksOf(pairs: readonly Pair[], size: Size): Map<string, Work> {
  const works = new Map<string, Work>();
  const rounds = new Map<string, number>();
  const nextSeed = (key: string): number => {
    const round = rounds.get(key) ?? 0;
    rounds.set(key, round + 1);
    return round * size.runs;
  };
  for (const { variant, native } of pairs) {
    const { name, depth, machine } = variant;
    works.set(name, () => {
      const seed = nextSeed(name);
      return timed(() => {
        let steps = 0;
        for (let done = 0; done < size.runs; done += SLICE) {
          steps += step(machine, { depth, seed: seed + done, runs: Math.min(SLICE, size.runs - done) });
        }
        return steps;
      });
    });
    if (native === undefined) continue;
    works.set(`${name} (C)`, async () => {
      const reply = await native.ask("time", { depth, seed: nextSeed(`${name} (C)`), runs: size.runs });
      return { duration: reply.duration, amount: reply.steps };
    });
  }
  return works;
}

/** The figures of stepping; `programs` is undefined without a C compiler. */
export async function steppingFigures(programs: Programs | undefined, size: Size): Promise<Figure[]> {
  const pairs: Pair[] = [];
  for (const [at, variant] of variants().entries()) pairs.push(await pairUp(variant, at, programs, size));
  const costs = await interleave(worksOf(pairs, size), size.rounds);
  const figures = summary(costs, pairs);
  for (const { variant, native, opsPerStep } of pairs) {
    const name = `step ${variant.name}`;
    const ours = costs.get(variant.name) as number[];
    const rates = ours.map((cost) => 1e-3 / cost);
    figures.push(figure(name, "M steps/s", rates));
    if (native === undefined || opsPerStep === undefined) continue;
    const theirs = costs.get(`${variant.name} (C)`) as number[];
    figures.push(
      figure(
        `${name}, ops`,
        "M ops/s",
        rates.map((rate) => rate * opsPerStep),
      ),
      figure(
        `${name}, C`,
        "M steps/s",
        theirs.map((cost) => 1e-3 / cost),
      ),
      figure(`${name}, of C`, "of C", ratios(theirs, ours)),
    );
    native.close();
  }
  return figures;
}

/** Mean cost of a step over all variants, round by round: what the goals are about. */
function summary(costs: ReadonlyMap<string, readonly number[]>, pairs: readonly Pair[]): Figure[] {
  const mean = (suffix: string): number[] => {
    const rows = pairs.map(({ variant }) => costs.get(variant.name + suffix) as number[]);
    return (rows[0] as number[]).map(
      (_, round) => rows.reduce((sum, row) => sum + (row[round] as number), 0) / rows.length,
    );
  };
  const ours = mean("");
  const note = `best round ${(1e-3 / Math.min(...ours)).toFixed(1)}`;
  const rate = figure(
    "step, all below",
    "M steps/s",
    ours.map((cost) => 1e-3 / cost),
    { goal: { atLeast: 15 }, note },
  );
  if (pairs.some(({ native }) => native === undefined)) return [rate];
  const theirs = mean(" (C)");
  return [rate, figure("step, all below, of C", "of C", ratios(theirs, ours), { goal: { atLeast: 0.75 } })];
}
