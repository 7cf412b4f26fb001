/**
 * How the throughput benchmarks measure: tasks in rounds, one run of each a round, so that a noisy machine disturbs all
 * of them alike; CPU time, not wall clock; medians; ratios against the native baseline of the same run.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Bench } from "tinybench";

export const root = fileURLToPath(
  new URL(import.meta.url.includes("/dist/") ? "../../../" : "../../", import.meta.url),
);
export const scratch = `${root}build/bench/`;
const native = `${root}bench/native/tlb/`;

/** One thing that is timed: its unit of work many times over. */
export interface Task {
  readonly name: string;
  /** Units of work in one run: accesses, walks, pages, lines. */
  readonly units: number;
  /** Ours: does the work. A native one: gives the CPU seconds that it measured itself. */
  readonly run?: () => void | Promise<void>;
  /** Before each run, outside the measured time. */
  readonly prepare?: () => void;
  readonly seconds?: () => number;
}

export interface Goal {
  readonly name: string;
  /** Tasks: rate of `ours` / rate of `against`. */
  readonly ours: string;
  readonly against: string;
  readonly atLeast: number;
}

export interface Suite {
  readonly name: string;
  readonly tasks: readonly Task[];
  readonly goals: readonly Goal[];
  /**
   * Time on the wall instead of CPU time, and the best round instead of the median: for what several threads do at
   * once, where any other load is in the way.
   */
  readonly wall?: boolean;
  /** Numbers that must not change: what was computed. */
  readonly result: () => unknown;
}

/** Median over the rounds, or the best on the wall; and the quartiles. */
export interface Ratio {
  readonly name: string;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly atLeast: number;
}

export interface Measured {
  readonly suite: string;
  /** Million units per CPU second, medians. */
  readonly rates: Record<string, number>;
  readonly ratios: Ratio[];
  readonly result: unknown;
}

/** CPU time of this process in milliseconds: user and system. */
export function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let collector: (() => void) | undefined;

/** Collects what a set-up has left, so that the collector's own threads do not count as the task's time. */
export function collectGarbage(): void {
  if (collector === undefined) {
    setFlagsFromString("--expose-gc");
    collector = runInNewContext("gc") as () => void;
  }
  collector();
}

/** Builds a native baseline when there is a compiler; gives its path, or undefined. */
export function build(program: string): string | undefined {
  mkdirSync(scratch, { recursive: true });
  const out = `${scratch}${program}`;
  const newest = Math.max(...readdirSync(native).map((file) => statSync(native + file).mtimeMs));
  if (existsSync(out) && statSync(out).mtimeMs > newest) return out;
  try {
    execFileSync("cc", ["-O3", "-march=native", "-w", "-o", out, `${native}${program}.c`], { stdio: "ignore" });
    return out;
  } catch {
    return undefined;
  }
}

/** Output of a native baseline. */
export function output(path: string, ...args: string[]): string {
  return execFileSync(path, args, { encoding: "utf8", maxBuffer: 1 << 26 });
}

/** CPU seconds, user and system, of a native program that reads a file and writes to nowhere. */
export function childSeconds(path: string, input: string): number {
  const command = `TIMEFORMAT='%U %S'; time "$0" < "$1" > /dev/null`;
  const { stderr } = spawnSync("bash", ["-c", command, path, input], { encoding: "utf8" });
  const [user, system] = stderr.trim().split(" ").map(Number);
  return (user as number) + (system as number);
}

const quartile = (values: number[], which: 1 | 2 | 3): number =>
  values.toSorted((a, b) => a - b)[(values.length * which) >> 2] as number;
export const median = (values: number[]): number => quartile(values, 2);

/** Runs a suite for some rounds. The first round of ours is not counted: it compiles. */
export async function measure(suite: Suite, rounds: number): Promise<Measured> {
  const samples = new Map<string, number[]>(suite.tasks.map((task) => [task.name, []]));
  const warm = rounds > 1 ? 1 : 0;
  for (let round = 0; round < rounds + warm; round++) {
    for (const task of suite.tasks) {
      const seconds = task.run === undefined ? (task.seconds as () => number)() : await timeOnce(task, suite.wall);
      if (round >= warm) samples.get(task.name)?.push(seconds);
    }
  }
  const rates: Record<string, number> = {};
  const typical = (seconds: number[]): number => (suite.wall ? Math.min(...seconds) : median(seconds));
  for (const { name, units } of suite.tasks) rates[name] = units / typical(samples.get(name) as number[]) / 1e6;
  const ratios = suite.goals.flatMap(({ name, ours, against, atLeast }) => {
    const [a, b] = [samples.get(ours), samples.get(against)];
    if (a === undefined || b === undefined) return [];
    // Ratio of each round, then their median: rounds see the same noise.
    const units = (task: string): number => suite.tasks.find((candidate) => candidate.name === task)?.units as number;
    const each = a.map((seconds, i) => units(ours) / seconds / (units(against) / (b[i] as number)));
    const best = (rates[ours] as number) / (rates[against] as number);
    const [low, high] = [quartile(each, 1), quartile(each, 3)];
    return [{ name, ratio: suite.wall ? best : median(each), low, high, atLeast }];
  });
  return { suite: suite.name, rates, ratios, result: suite.result() };
}

/** Told to tinybench, which would otherwise run a task once more to find out. */
const asyncFunction = (async () => {}).constructor as unknown as new () => object;

async function timeOnce({ name, run, prepare }: Task, wall = false): Promise<number> {
  const now = wall ? (): number => performance.now() : cpuNow;
  const bench = new Bench({ time: 0, iterations: 1, warmup: false, now, retainSamples: true, throws: true });
  bench.add(name, run as () => void | Promise<void>, {
    async: run instanceof asyncFunction,
    ...(prepare && { beforeEach: prepare }),
  });
  await bench.run();
  const { result } = bench.tasks[0] as { result: unknown };
  return (result as { latency: { mean: number } }).latency.mean / 1000;
}
