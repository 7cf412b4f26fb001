/**
 * How things are measured: CPU time, variants interleaved round by round in one process, medians and quartiles.
 *
 * Wall time on a shared machine says who else was running; CPU time says less about them, and the ratio of two variants
 * of the same round says least. Rounds that come before the JIT has finished are thrown away.
 */
import { Bench } from "tinybench";

/** One measured figure. `low` and `high` are the quartiles over the rounds. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** More is better, unless the goal says at most. */
  readonly goal?: { readonly atLeast?: number; readonly atMost?: number };
  readonly note?: string;
}

/** Does its work once and says how much CPU time it took (milliseconds) for how many units. */
export type Work = () => Promise<Sample> | Sample;
export interface Sample {
  readonly duration: number;
  readonly amount: number;
}

const WARM_UP_ROUNDS = 3;

/** CPU time of this process in milliseconds. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Runs `work` and times it with this process's CPU clock. */
export function timed(work: () => number): Sample {
  const from = cpuTime();
  const amount = work();
  return { duration: cpuTime() - from, amount };
}

/** Every work once a round, in the same order; gives milliseconds per unit of each round, by name. */
export async function interleave(works: ReadonlyMap<string, Work>, rounds: number): Promise<Map<string, number[]>> {
  const costs = new Map([...works.keys()].map((name) => [name, [] as number[]]));
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    const bench = new Bench({ now: cpuTime, iterations: 1, time: 0, warmup: false, throws: true });
    const amounts = new Map<string, number>();
    for (const [name, work] of works) {
      bench.add(name, async () => {
        const { duration, amount } = await work();
        amounts.set(name, amount);
        return { overriddenDuration: duration };
      });
    }
    for (const task of await bench.run()) {
      if (task.result.state !== "completed") throw new Error(`the benchmark ${task.name} did not complete`);
      const cost = task.result.latency.mean / (amounts.get(task.name) as number);
      if (round >= WARM_UP_ROUNDS) costs.get(task.name)?.push(cost);
    }
  }
  return costs;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] as number;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** A figure from one value a round. */
export function figure(name: string, unit: string, values: readonly number[], more: Partial<Figure> = {}): Figure {
  return { name, unit, value: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75), ...more };
}

/** Ratio of two rows of costs, round by round: above 1 when the second is cheaper. */
export function ratios(first: readonly number[], second: readonly number[]): number[] {
  return first.map((cost, round) => cost / (second[round] as number));
}
