/**
 * `tlb()`: from a trace file to rows; presets and geometry text.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseGeometry } from "../../src/replay/geometry.js";
import { findTlb, tlbs } from "../../src/replay/presets.js";
import { tlb } from "../../src/replay/tlb.js";

const python = fileURLToPath(new URL("../fixtures/traces/python.lackey.xz", import.meta.url));
const record = (address: bigint, type = 1n, size = 8n): bigint => address | (size << 48n) | (type << 56n);

describe("tlb()", () => {
  it("counts a real trace at several page sizes in one reading", async () => {
    const result = await tlb({ source: python, pages: ["4k", "2m", "thp"], sweep: true });
    const [base, huge, thp] = result.results;
    expect(base).toMatchObject({
      pages: "4k",
      tlb: "skylake",
      accesses: 5_000_000,
      levels: [
        { name: "l1", hits: 4_922_200, misses: 77_800 },
        { name: "l2", hits: 73_224, misses: 4576 },
      ],
      walks: 4576,
      walkReferences: 4674,
    });
    expect(huge?.levels.map((level) => level.misses)).toEqual([1227, 40]);
    expect(thp?.levels.map((level) => level.misses)).toEqual([69_068, 94]);
    expect(result.records).toBe(17_295_557);
    expect(result.sweeps[0]?.misses[4]?.[3]).toBe(77_800);
    expect(result.sweeps[1]?.misses[0]?.[0]).toBe(2_532_030);
  });

  it("counts fetches in an L1 of their own", async () => {
    const result = await tlb({ source: python, pages: ["4k"], fetch: true, tlb: "l1:64x4,l1i:64x8,l2:1536x12" });
    expect(result.results[0]?.levels.map((level) => [level.name, level.misses])).toEqual([
      ["l1", 77_800],
      ["l1i", 33],
      ["l2", 4610],
    ]);
  });

  it("keeps the CPUs of a trace apart, and the page sizes of its ranges", async () => {
    const records = BigUint64Array.of(
      record(0x1000n),
      record(1n, 20n, 0n),
      record(0x1000n),
      record(0x200000n),
      record(0x3ff000n),
    );
    const ranges = [{ start: 0x200000n, end: 0x400000n, size: "2m" as const }];
    const result = await tlb({ source: () => [records], pages: ["4k"], ranges });
    expect(result.results[0]?.cpus).toEqual([
      { cpu: 0, references: 1, misses: 1 },
      { cpu: 1, references: 3, misses: 2 },
    ]);
    expect(result.results[0]?.walksBySize).toEqual({ "4k": 2, "2m": 1, "1g": 0 });
  });

  it("stops when asked", async () => {
    const stopped = tlb({ source: python, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(/abort/i);
  });

  it("holds 4094 regions of 4 GiB, and says so when there are more", async () => {
    const regions = (count: number): bigint[] => Array.from({ length: count }, (_, i) => record(BigInt(i) << 32n));
    const run = (count: number) => tlb({ source: () => [BigUint64Array.from(regions(count))], pages: ["4k"] });
    const { results } = await run(4094);
    expect(results[0]?.walks).toBe(4094);
    await expect(run(4095)).rejects.toThrow(/more than 4094 regions/);
  });

  it("refuses a CPU that is not there", async () => {
    const records = BigUint64Array.of(record(7n, 20n, 0n));
    await expect(tlb({ source: () => [records], pages: ["4k"], cpus: 2 })).rejects.toThrow(/at most 2/);
  });
});

describe("geometry", () => {
  it("every structure of a preset says what it rests on, and every preset runs", async () => {
    for (const preset of tlbs) {
      expect(Object.keys(preset.origins ?? {})).toEqual(Object.keys(preset.structures));
      // The walk caches of the engine are a default: a preset does not lean on it silently.
      expect(Object.keys(preset.structures)).toEqual(expect.arrayContaining(["l1", "l2", "pde", "pdpte", "pml4e"]));
      for (const { basis, text } of Object.values(preset.origins ?? {})) {
        expect(text.length).toBeGreaterThan(10);
        if (basis === "manual") expect(text).toMatch(/Intel|AMD|Arm/);
      }
      const records = BigUint64Array.of(record(0x1000n), record(0x1ff8n), record(0x40000000n));
      const { results } = await tlb({ source: () => [records], tlb: preset.name, pages: ["4k", "2m", "1g"] });
      expect(results.map((row) => row.levels[0]?.misses)).toEqual([2, 2, 2]);
    }
  });

  it("reads text, and says what is wrong with it", () => {
    expect(parseGeometry("l1:64x4,l2:1536x12,policy:plru").structures.l2).toEqual({ entries: 1536, ways: 12 });
    expect(findTlb("zen4").structures.l1).toEqual({ entries: 72, ways: 72 });
    for (const [text, what] of [
      ["l1:64x4", /l1 and l2/],
      ["l1:48x4,l2:64x4", /12 sets are not a power of two/],
      ["l1:64x5,l2:64x4", /multiple of 5/],
      ["l3:64x4", /no structure "l3"/],
      ["l1:64x4,l2:64x4,policy:lfu", /no replacement policy/],
      ["skylark", /no TLB "skylark"/],
      ["l1:4x,l2:8x8", /is not ENTRIESxWAYS/],
    ] as const) {
      expect(() => findTlb(text)).toThrow(what);
    }
  });
});
