import { describe, expect, it } from "vitest";
import { check } from "../../src/explore/check.js";
import { chooseBackends, chooseEdition } from "../../src/explore/choose.js";
import { findCall } from "../../src/kernel/calls.js";
import { releases } from "../../src/kernel/editions.js";
import { exercises } from "../../src/mutate/exercises.js";
import { mutantsOf } from "../../src/mutate/mutants.js";
import { mutate } from "../../src/mutate/mutate.js";
import { formatMutate } from "../../src/report/mutate.js";
import { plain } from "../../src/report/paint.js";

const munmap = findCall("munmap");

describe("mutants", () => {
  it("have names of their own, and leave labels and the oracle's questions alone", () => {
    if (munmap === undefined) throw new Error("there is no munmap");
    const mutants = mutantsOf([munmap], chooseEdition("5.19"), chooseBackends(["x86"]));
    expect(new Set(mutants.map((one) => `${one.file} ${one.id} ${one.line}`)).size).toBe(mutants.length);
    expect(mutants.some((one) => one.line.includes("(oracle)"))).toBe(false);
    expect(mutants.filter((one) => one.kind === "narrow").map((one) => one.line)).toContain(
      "__tlb_adjust_range(); tlb->cleared_pmds = 1 (a level too low)",
    );
  });
});

describe("mutate", () => {
  it("finds each line of the seed's patch when it is taken out", async () => {
    const result = await mutate({
      calls: ["munmap"],
      edition: "5.16",
      backends: ["precise", "x86"],
      scenarios: ["seed"],
      kinds: ["drop"],
    });
    const verdicts = new Map(result.results.map((one) => [one.line, one.verdict]));
    expect(verdicts.get("pud_clear(pud)")).toBe("found");
    expect(verdicts.get("tlb_flush_pmd_range()")).toBe("found");
    expect(verdicts.get("force_flush = 1")).toBe("found");
    expect(verdicts.get("unlock i_mmap_rwsem")).toBe("found");
    const patch = result.results.find((one) => one.line === "tlb_flush_pmd_range()");
    expect(patch).toMatchObject({ scenario: "seed", fn: "__unmap_hugepage_range" });
    expect(result.counts.survived).toBe(0);
  });

  it("says that a line no case runs is unreached, and why a line may go", async () => {
    const result = await mutate({
      calls: ["munmap"],
      edition: "5.19",
      backends: ["precise"],
      scenarios: ["seed"],
      kinds: ["drop"],
    });
    const batch = result.results.find((one) => one.fn === "__unmap_hugepage_range" && one.line === "tlb_flush_mmu()");
    expect(batch).toMatchObject({ verdict: "unreached", reason: "no schedule of any case runs this line" });
    for (const one of result.results.filter(({ verdict }) => verdict === "equivalent"))
      expect(one.reason).toMatch(/same ends and no new violation in \d+ searches/);
    const text = formatMutate(result, true, { paint: plain, width: 120 });
    expect(text).toContain("Unreached: what the scenarios say nothing about");
    expect(text.split("\n").every((line) => line.length <= 120)).toBe(true);
  });

  it("gives the same answer twice, and stops when it is told to", async () => {
    const options = { calls: ["mprotect"], edition: "5.19", backends: ["x86"], scenarios: ["mprotect-late-flush"] };
    const twice = [await mutate(options), await mutate(options)].map(({ seconds: _, ...rest }) => rest);
    expect(twice[0]).toEqual(twice[1]);
    const stop = new AbortController();
    const cut = await mutate({ ...options, signal: stop.signal, onProgress: ({ done }) => done === 3 && stop.abort() });
    expect(cut.interrupted).toBe(true);
    expect(cut.results).toHaveLength(3);
  });

  it("refuses a path that does not exist", async () => {
    await expect(mutate({ calls: ["mumap"] })).rejects.toThrow('there is no path "mumap"');
  });
});

describe("the exercises", () => {
  it("hold in the newest edition on every machine, every schedule tried", async () => {
    const newest = releases.at(-1)?.name as string;
    const { results } = await check({ scenarios: exercises, editions: [newest], backends: "all" });
    expect(results.every((row) => row.complete)).toBe(true);
    const harm = results.flatMap((row) => row.violations.filter(({ severity }) => severity === "harm"));
    const levels = new Set(["STALE_WALK", "RIGHTS_OUTLIVE_CALL"]);
    expect(harm.filter(({ kind }) => !levels.has(kind))).toEqual([]);
  });
});
