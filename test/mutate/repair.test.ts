import { describe, expect, it } from "vitest";
import { check } from "../../src/explore/check.js";
import { replay } from "../../src/explore/replay.js";
import { backends } from "../../src/kernel/arch/backends.js";
import type { RepairKind } from "../../src/mutate/candidates.js";
import { type RepairResult, repair } from "../../src/mutate/repair.js";

const everywhere = backends.map(({ name }) => name).sort();
const find = ({ repairs }: RepairResult, kind: RepairKind) => repairs.find((one) => one.kind === kind);

describe("the smallest repair", () => {
  it("of the seed is one flush before i_mmap_rwsem is dropped, or the commit that Linux has", async () => {
    const found = await repair(replay("seed/truncate@5.15/x86:000000011111111111111111111111.37"));
    const inserted = find(found, "insert");
    expect(inserted).toMatchObject({ fn: "unmap_single_vma", file: "mm/memory.c" });
    expect(inserted?.text).toBe("insert `flush_tlb_mm(mm)` before `unlock i_mmap_rwsem`");
    expect([...(inserted?.backends ?? [])].sort()).toEqual(everywhere);
    expect(find(found, "commit")?.commit).toBe("a4a118f2eead");
    expect(found.complete).toBe(true);
  });

  it("says on which machines the commit alone is enough, as check does", async () => {
    const found = await repair(replay("seed/truncate@5.15/x86:000000011111111111111111111111.37"));
    const { results } = await check({ scenarios: ["seed"], editions: ["5.15+a4a118f2eead"], backends: "all" });
    const allowed = new Set<string>(found.left);
    const clean = results.filter(({ violations }) => violations.every(({ kind }) => allowed.has(kind)));
    const precise = results.find(({ backend }) => backend === "precise");
    expect(precise?.verdict).toBe("violated");
    expect(find(found, "commit")?.backends).not.toContain("precise");
    expect(find(found, "commit")?.backends).toEqual(expect.arrayContaining(clean.map(({ backend }) => backend)));
  });

  it("moves a lock's release behind the flush where that is all it takes", async () => {
    const story = replay("seed/exit@5.16-late-flush/x86:0000111111111111111111111111111.38");
    const moved = find(await repair(story), "move");
    expect(moved).toMatchObject({ fn: "unmap_single_vma" });
    expect(moved?.text).toBe("move `unlock i_mmap_rwsem` down, after `__unmap_hugepage_range()`");
  });

  it("makes a flush wider where lazy CPUs were left out", async () => {
    const found = await repair(replay("lazy-collapse/collapse@7.1~3ef938c35035/x86:.12"));
    expect(find(found, "widen")?.text).toBe("`flush_tlb_mm()` instead of `flush_tlb_range()`");
  });

  it("is no flush where a flush does not help", async () => {
    const found = await repair(replay("mremap-delta/mremap@7.1/x86:.12"));
    expect(found.repairs.map(({ kind, text }) => [kind, text])).toEqual([["commit", "the change mremap-delta (7.2)"]]);
    expect(found.tried).toBeGreaterThan(10);
    expect(found.complete).toBe(true);
  });

  it("stops when it is told to, and says that it did", async () => {
    const story = replay("seed/truncate@5.15/x86:000000011111111111111111111111.37");
    const found = await repair(story, { signal: AbortSignal.abort() });
    expect(found).toMatchObject({ repairs: [], tried: 0, complete: false });
  });
});
