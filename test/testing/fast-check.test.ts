/** shootdown/fast-check: what is drawn, what is found, and how small it gets. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/error.js";
import { check } from "../../src/explore/check.js";
import { replay } from "../../src/fuzz/token.js";
import { type DrawnProgram, type DrawnRun, memoryModel, programs, schedules } from "../../src/testing/fast-check.js";
import { Race } from "../../src/testing/runs.js";

const keeps = ({ violations }: DrawnRun): boolean => violations.length === 0;
const shows = ({ violations }: { violations: readonly { kind: string }[] }, wanted: string): boolean =>
  violations.some(({ kind }) => kind === wanted);
/** The counterexample of a property that must fail. */
function failed<T>({ failed, counterexample }: fc.RunDetails<[T]>): T {
  expect(failed).toBe(true);
  return (counterexample as [T])[0];
}

describe("schedules", () => {
  const property = (edition: string) =>
    fc.property(schedules("seed", { edition, case: "truncate" }), (run) => !shows(run, "STALE_TRANSLATION"));

  it("of a wrong edition are found and made as short as can be, for the kind that is asked for", async () => {
    const run = failed(fc.check(property("5.15"), { seed: 1 }));
    expect(shows(run, "STALE_TRANSLATION")).toBe(true);
    expect(shows(replay(run.token), "STALE_TRANSLATION")).toBe(true);
    const { results } = await check({ scenarios: ["seed"], editions: ["5.15"], backends: ["x86"], witness: false });
    const best = results[0]?.violations.find(({ kind }) => kind === "STALE_TRANSLATION");
    expect(run.steps).toBeLessThanOrEqual((best?.steps ?? 0) + 4);
  });

  it("of the fixed edition show nothing in five hundred runs", () => {
    expect(fc.check(fc.property(schedules("seed", { edition: "7.1" }), keeps), { numRuns: 500, seed: 2 }).failed).toBe(
      false,
    );
  });

  it("say in the failure what was found, and the token", () => {
    expect(() => fc.assert(property("5.15"), { seed: 1 })).toThrow(
      /Run\([A-Z_]+ at step \d+ of \d+, seed\/truncate@5\.15\/x86:[0-9a-z]*\.\d+\)/,
    );
  });

  it("come again from seed and path, as fast-check prints them", () => {
    const first = fc.check(property("5.15"), { seed: 7 });
    const again = fc.check(property("5.15"), { seed: 7, path: first.counterexamplePath as string, endOnFailure: true });
    expect(failed(again).token).toBe(failed(first).token);
  });

  it("that fail for another reason are shrunk as lists of numbers", () => {
    const run = failed(
      fc.check(
        fc.property(schedules("seed", { edition: "7.1" }), (run) => run.steps < 3),
        { seed: 1 },
      ),
    );
    expect(run.token).toBe(new Race("seed", { edition: "7.1" }).run([]).token);
  });

  it("know a deadlock and a lost wake-up", () => {
    const found = (name: string): DrawnRun => failed(fc.check(fc.property(schedules(name), keeps), { seed: 1 }));
    expect(found("lock-cycle").violations.map(({ kind }) => kind)).toContain("DEADLOCK");
    expect(found("lost-wake-up").violations.map(({ kind }) => kind)).toContain("LOST_WAKE_UP");
  });

  it("need names that exist", () => {
    expect(() => schedules("no-such")).toThrow(InputError);
    expect(() => schedules("seed", { case: "no-such" })).toThrow(RangeError);
  });
});

describe("programs", () => {
  const harmless = ({ violations }: DrawnProgram): boolean => violations.every(({ severity }) => severity !== "harm");

  it("of a wrong edition are found, shrunk by our shrinker, and replayed by their token", () => {
    const drawn = programs({ edition: "5.15", theme: "hugetlb" });
    const run = failed(fc.check(fc.property(drawn, harmless), { seed: 1, numRuns: 20_000 }));
    const [violation] = run.violations;
    expect(run.violations.length).toBe(1);
    const story = replay(run.token);
    expect(story.steps.filter(({ step }) => step !== undefined).length).toBe(violation?.step);
    expect(story.violations).toContainEqual(
      expect.objectContaining({ kind: violation?.kind, step: violation?.step, confirmed: true }),
    );
    const calls = run.program.tasks.reduce((sum, task) => sum + task.calls.length, 0);
    expect(calls).toBeLessThanOrEqual(3);
  });

  it("of the newest edition break no promise that a campaign would report", () => {
    const all = fc.check(fc.property(programs({ theme: "anonymous" }), keeps), { seed: 3, numRuns: 500 });
    expect([all.failed, all.numRuns]).toEqual([false, 500]);
  });

  it("shrink as lists of calls when the property is about something else", () => {
    const few = ({ program }: DrawnProgram): boolean => program.tasks.every(({ calls }) => calls.length < 2);
    const run = failed(fc.check(fc.property(programs({ edition: "7.1" }), few), { seed: 1 }));
    expect(run.program.tasks.reduce((sum, { calls }) => sum + calls.length, 0)).toBe(2);
    expect(run.program.setup).toEqual([]);
  });
});

describe("memoryModel", () => {
  type Pages = Map<number, number>;
  const pagesOf = ({ start = 0, end = 0 }: Readonly<Record<string, number>>): number[] =>
    Array.from({ length: end - start }, (_, i) => start + i);

  /** Memory as a map: what was stored is what every CPU loads. */
  const memory = (calls: readonly string[], value = (stored: number): number => stored) =>
    memoryModel<Pages>({
      calls,
      model: () => new Map(),
      check: (pages, { call, args }) => {
        if (call === "mmap") return pagesOf(args).every((page) => !pages.has(page));
        // What a madvise() with a hole in its range does is not promised.
        return call !== "dontneed" || pagesOf(args).every((page) => pages.has(page));
      },
      run: (pages, { call, args }, seen) => {
        const page = args.start ?? 0;
        if (call === "mmap") for (const one of pagesOf(args)) pages.set(one, 0);
        if (call === "munmap") for (const one of pagesOf(args)) pages.delete(one);
        if (call === "dontneed") for (const one of pagesOf(args)) pages.set(one, 0);
        if (call === "store" && seen.signal === 0) pages.set(page, value(args.value ?? 0));
        if (call === "load")
          expect([seen.signal, seen.value]).toEqual(pages.has(page) ? [0, pages.get(page)] : [11, 0]);
      },
    });

  it("runs calls beside a model on TLBs that are simulated", () => {
    const pages = memory(["mmap", "munmap", "store", "load", "dontneed"]);
    fc.assert(fc.property(pages.commands(40), pages.run), { numRuns: 200, seed: 4 });
  });

  it("finds where they part, in few calls", () => {
    const pages = memory(["mmap", "munmap", "store", "load"], (stored) => stored & 127);
    const list = failed(fc.check(fc.property(pages.commands(), pages.run), { numRuns: 2000, seed: 4 }));
    expect(String(list)).toMatch(/^CPU\d: mmap\(.*\),CPU\d: store\(start (\d), value 128\),CPU\d: load\(start \1\)/);
  });
});
