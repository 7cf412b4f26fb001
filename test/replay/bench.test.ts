/**
 * The throughput benchmarks run, small, and compute what they computed before.
 */
import { describe, expect, it } from "vitest";
import { type Measured, measure } from "../../bench/replay/harness.js";
import { benchReplay, slower } from "../../bench/replay.js";

describe("throughput benchmarks", () => {
  it("give the same results at smoke sizes", async () => {
    const { measured, hash } = await benchReplay({ smoke: true });
    expect(measured.map(({ suite }) => suite)).toContain("sweep python");
    expect(hash).toMatchInlineSnapshot(`"94c828911377e9d8"`);
  });

  it("time what a task does and not what it prepares", async () => {
    const log: string[] = [];
    const task = {
      name: "a",
      units: 10,
      prepare: () => {
        log.push("prepare");
      },
      run: () => {
        log.push("run");
      },
    };
    const native = { name: "b", units: 10, seconds: () => 0.5 };
    const goals = [{ name: "b / b", ours: "b", against: "b", atLeast: 1 }];
    const { rates, ratios } = await measure({ name: "s", tasks: [task, native], goals, result: () => 1 }, 1);
    expect(log).toEqual(["prepare", "run"]);
    expect(rates.b).toBe(10 / 0.5 / 1e6);
    expect(ratios).toEqual([{ name: "b / b", ratio: 1, low: 1, high: 1, atLeast: 1 }]);
  });

  it("say what became slower", () => {
    const at = (ratio: number): Measured[] => [
      { suite: "s", rates: {}, ratios: [{ name: "r", ratio, low: ratio, high: ratio, atLeast: 1 }], result: 0 },
    ];
    expect(slower(at(1), at(1.1))).toEqual([]);
    expect(slower(at(1), at(2))).toEqual(["r: 2.00 before, 1.00 now"]);
  });
});
