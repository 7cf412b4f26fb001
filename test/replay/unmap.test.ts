/**
 * Range unmap through the kernel's own listings, at the scale of real ranges.
 */
import { describe, expect, it } from "vitest";
import { rangeUnmap } from "../../src/replay/unmap.js";

describe("munmap of gigabytes", () => {
  it("frees 262,144 base pages and flushes once for each full gather", () => {
    const result = rangeUnmap({ kind: "dense", pages: 262_144 });
    expect(result.pagesFreed).toBe(262_144);
    // 512 tables of the last level, one of the next; a gather holds 9698 pages, and the last flush is the tables'.
    expect(result.tablesFreed).toBeGreaterThanOrEqual(513);
    expect(result.flushes).toBe(Math.floor(262_144 / 9698) + 1);
  });

  it("flushes as often as recorded kernels do", () => {
    const flushes = (pages: number, edition: string): number => rangeUnmap({ kind: "dense", pages, edition }).flushes;
    expect([flushes(9670, "6.1"), flushes(9700, "6.1"), flushes(100_000, "6.1")]).toEqual([1, 2, 11]);
    expect([flushes(9640, "6.16"), flushes(9670, "6.16"), flushes(100_000, "6.16")]).toEqual([1, 2, 11]);
  });

  it("unmaps 512 huge pages, which stay in their file's page cache", () => {
    const result = rangeUnmap({ kind: "huge", pages: 512 });
    expect(result.pagesFreed).toBe(0);
    expect(result.flushes).toBeGreaterThan(0);
  });

  it("unmaps a page in every GiB of a TiB, with its tables", () => {
    const result = rangeUnmap({ kind: "sparse", pages: 1024 });
    expect(result.pagesFreed).toBe(1024);
    // A table of the last level and one of the next for each, and those above.
    expect(result.tablesFreed).toBeGreaterThanOrEqual(2 * 1024);
  });

  it("refuses a range beyond the address space", () => {
    expect(() => rangeUnmap({ kind: "sparse", pages: 1 << 20, stride: 1 << 20 })).toThrow(/ends below 256 TiB/);
  });

  it("refuses an edition that does not exist", () => {
    expect(() => rangeUnmap({ kind: "dense", pages: 8, edition: "newest" })).toThrow(/no edition "newest"/);
  });
});
