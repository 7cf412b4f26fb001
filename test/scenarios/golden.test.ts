/**
 * Every scenario in every release on every back-end, exhausted: verdicts, exact numbers of states, and what was seen.
 *
 * A changed number is a changed model: look at the difference, then update the file with `npx vitest run -u`.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { type CheckResult, type CheckResultRow, check } from "../../src/explore/check.js";
import { releases } from "../../src/kernel/editions.js";
import { scenarios } from "../../src/scenarios/index.js";

let result: CheckResult;

beforeAll(async () => {
  result = await check({ editions: "all" });
}, 180_000);

const row = (scenario: string, edition: string, backend: string): CheckResultRow => {
  const found = result.results.find((r) => r.scenario === scenario && r.edition === edition && r.backend === backend);
  if (found === undefined) throw new Error(`no result for ${scenario} ${edition} ${backend}`);
  return found;
};
const kinds = (r: CheckResultRow): string[] => [...new Set(r.violations.map((v) => v.kind))];
const BACKENDS = ["precise", "x86", "arm64", "arm64-range", "x86-pti", "x86-tce", "x86-invlpgb", "riscv"];

describe("the golden table", () => {
  it("has the verdicts and state counts that it had", async () => {
    const lines = result.results.flatMap((r) => {
      const head = `${r.scenario} ${r.edition} ${r.backend}: ${r.verdict}`;
      const counts = `${r.states} states, ${r.transitions} transitions, depth ${r.depth}`;
      const found = r.violations.map((v) => `    ${v.case}: ${v.kind} at ${v.steps}${v.detail ? `, ${v.detail}` : ""}`);
      return [`${head}, ${counts}`, ...found];
    });
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden.txt");
  });

  it("is complete: every search was exhausted", () => {
    expect(result.results.filter((r) => !r.complete)).toEqual([]);
    const rows = scenarios.map((s) => (s.editions?.length ?? releases.length) * BACKENDS.length);
    expect(result.results).toHaveLength(rows.reduce((sum, n) => sum + n, 0));
  });

  it("confirms every violation by a witness or as a fact of the run", () => {
    const unconfirmed = result.results.flatMap((r) => r.violations.filter((v) => !v.confirmed).map((v) => v.schedule));
    expect(unconfirmed).toEqual([]);
  });

  it("has seen everything that a scenario must sometimes do, wherever the edition has the path", () => {
    const unseen = result.results
      .filter((r) => r.note === undefined)
      .flatMap((r) =>
        Object.entries(r.sometimes)
          .filter(([, seen]) => !seen)
          .map(([name]) => `${r.scenario} ${r.edition} ${r.backend} ${name}`),
      );
    expect(unseen).toEqual([]);
  });
});

describe("the seed's race (items 1 to 4)", () => {
  it.each(BACKENDS)("is found in 3.6 and 5.15 on %s, with pages and tables", (backend) => {
    for (const edition of ["3.6", "5.15"]) {
      expect(row("seed", edition, backend).verdict).toBe("violated");
      expect(kinds(row("seed", edition, backend))).toEqual(
        expect.arrayContaining(["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK"]),
      );
    }
  });

  it.each(BACKENDS)("is not there in 3.5 on %s: the flush is unconditional", (backend) => {
    expect(row("seed", "3.5", backend).verdict).toBe("holds");
    if (backend !== "riscv") expect(row("hole-punch", "3.5", backend).verdict).toBe("holds");
  });

  it("shows on riscv that a direct flush of one huge page leaves the pointer to the unshared table", () => {
    expect(kinds(row("hole-punch", "3.5", "riscv"))).toEqual(["FLUSH_AFTER_UNLOCK", "STALE_WALK"]);
  });

  it("does no harm on x86 with the seed, on any schedule", () => {
    for (const scenario of ["seed", "hole-punch", "previous-gib"]) {
      for (const edition of ["5.16", "5.16+", "5.19", "6.1", "6.16", "7.0", "7.1"]) {
        expect(row(scenario, edition, "x86").violations.filter((v) => v.severity === "harm")).toEqual([]);
      }
    }
  });

  it("shows in the hole punch that one i_mmap section over two mms is enough", () => {
    expect(kinds(row("hole-punch", "5.15", "x86"))).toEqual(
      expect.arrayContaining(["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK"]),
    );
  });
});

describe("the previous GiB (item 7)", () => {
  it.each(["5.16", "5.16+"])("is harm on machines with exact ranges in %s", (edition) => {
    for (const backend of ["precise", "arm64-range"]) {
      expect(row("previous-gib", edition, backend).verdict).toBe("violated");
      expect(kinds(row("previous-gib", edition, backend))).toContain("STALE_TRANSLATION");
    }
  });

  it.each(["5.16", "5.16+"])("is masked on x86 and plain arm64 in %s, and the output says by what", (edition) => {
    expect(row("previous-gib", edition, "x86")).toMatchObject({ verdict: "masked" });
    expect(row("previous-gib", edition, "x86").hiddenBy.join()).toContain("tlb_single_page_flush_ceiling");
    expect(row("previous-gib", edition, "arm64")).toMatchObject({ verdict: "masked" });
    expect(row("previous-gib", edition, "arm64").hiddenBy.join()).toContain("MAX_DVM_OPS");
    expect(row("previous-gib", edition, "x86").violations.map((v) => v.detail)).toEqual(["span"]);
  });

  it("is repaired in 5.19: what is left is only the level, harm only where leaves alone are flushed", () => {
    for (const backend of BACKENDS) {
      const r = row("previous-gib", "5.19", backend);
      expect(kinds(r)).not.toContain("STALE_TRANSLATION");
      expect(r.violations.find((v) => v.kind === "RANGE_NOT_RECORDED")?.detail).toBe("level");
    }
    expect(kinds(row("previous-gib", "5.19", "arm64-range"))).toContain("STALE_WALK");
    expect(row("previous-gib", "5.19", "arm64").verdict).toBe("masked");
  });
});

describe("the neighbours (item 8)", () => {
  it.each(BACKENDS)("finds mremap's late flush in 5.16 and not in 5.16+ on %s", (backend) => {
    expect(kinds(row("mremap-late-flush", "5.16", backend))).toContain("STALE_TRANSLATION");
    expect(row("mremap-late-flush", "5.16+", backend).verdict).toBe("holds");
    expect(row("mremap-late-flush", "5.15", backend).note).toContain("refuses");
  });

  it.each(BACKENDS)("finds mprotect's late flush in 3.5 and not in 3.6 on %s", (backend) => {
    expect(kinds(row("mprotect-late-flush", "3.5", backend))).toEqual(
      expect.arrayContaining(["FLUSH_AFTER_UNLOCK", "STALE_WALK"]),
    );
    expect(row("mprotect-late-flush", "3.6", backend).verdict).toBe("holds");
  });

  it("finds the narrow range in migration before 4.19 and in mremap before 5.19", () => {
    expect(row("narrow-range", "3.5", "x86").verdict).toBe("violated");
    expect(row("narrow-range", "5.15", "x86").verdict).toBe("holds");
    expect(row("narrow-range", "5.16+", "x86").verdict).toBe("violated");
    expect(row("narrow-range", "5.16+", "arm64").verdict).toBe("masked");
    expect(row("narrow-range", "5.19", "x86").verdict).toBe("holds");
  });
});

describe("what the seed leaves open, machine by machine", () => {
  it.each(["5.16", "5.16+", "5.19", "6.1", "6.16", "7.0"])(
    "is a dying mm that flushes nothing on arm64 in %s",
    (edition) => {
      expect(kinds(row("exit-shortcut", edition, "arm64"))).toContain("STALE_WALK");
      expect(row("exit-shortcut", edition, "x86").verdict).not.toBe("violated");
    },
  );

  it.each(["5.16", "5.16+", "5.19", "6.1", "6.16", "7.0", "7.1"])(
    "is a lazy CPU, passed by on x86 in %s",
    (edition) => {
      expect(kinds(row("lazy-walk", edition, "x86"))).toContain("STALE_WALK");
      expect(row("lazy-walk", edition, "arm64").verdict).not.toBe("violated");
    },
  );

  it("spreads to mprotect, mremap and migration in 7.0, on machines with exact ranges, and ends in 7.1 (B9)", () => {
    for (const scenario of ["mprotect-late-flush", "mremap-late-flush", "narrow-range"]) {
      expect(row(scenario, "6.16", "arm64-range").verdict).toBe("holds");
      expect(kinds(row(scenario, "7.0", "arm64-range"))).toContain("STALE_WALK");
      expect(row(scenario, "7.1", "arm64-range").verdict).toBe("holds");
    }
  });
});
