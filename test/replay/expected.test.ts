/**
 * Exact counts on real and synthetic traces: every number that two independent simulators agreed on.
 *
 * test/fixtures/traces/README.md says where the numbers and the traces are from.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, type EngineConfig, type PageSize } from "../../src/replay/engine.js";
import { parseGeometry } from "../../src/replay/geometry.js";
import { readLackey, select, synthetic, withEvents } from "./traces.js";

interface Expected {
  single_level_lru: Record<string, { refs: number; misses: Record<string, number[]>; fa: Record<string, number> }>;
  two_level: Record<string, string & number>[];
  mixed: Record<string, string & number & number[]>[];
  info: { acc: number };
  first_byte_only_4k: Record<string, number>;
  ifetch_single_level_lru?: Record<string, { refs: number; misses: Record<string, number[]> }>;
  split_i_d?: Record<string, string & number>[];
}

const fixtures = fileURLToPath(new URL("../fixtures/traces/", import.meta.url));
const { traces } = JSON.parse(readFileSync(`${fixtures}expected-counts.json`, "utf8")) as {
  traces: Record<string, Expected>;
};
const SIZES: Record<string, PageSize> = { shift12: "4k", shift21: "2m" };
const PIECE = 1 << 20;

const spec = (text: unknown): string => String(text).replace("/", "x");

function run(records: BigUint64Array, config: EngineConfig): Engine {
  const engine = new Engine(config);
  const pass = (): void => {
    for (let at = 0; at < records.length; at += PIECE) engine.feed(records.subarray(at, at + PIECE));
  };
  pass();
  if (config.pages === "thp") {
    engine.endFirstPass();
    pass();
  }
  engine.finish();
  return engine;
}

for (const [name, expected] of Object.entries(traces)) {
  describe(name, () => {
    let all: BigUint64Array;
    let data: BigUint64Array;

    beforeAll(async () => {
      all = name.includes("-") ? synthetic(name) : await readLackey(`${fixtures}${name}.lackey.xz`);
      data = name.includes("-") ? all : select(all, (type) => type !== 0);
    });
    afterAll(() => {
      all = data = new BigUint64Array(0);
    });

    it("has the accesses that were counted", () => {
      expect(data.length).toBe(expected.info.acc);
    });

    it("two levels of one page size: misses and walk loads", () => {
      for (const row of expected.two_level) {
        const geometry = parseGeometry(`l1:${spec(row.l1)},l2:${spec(row.l2)},policy:${row.policy}`);
        const counts = run(data, { geometry, pages: String(row.page) as PageSize }).counts();
        const found = [counts.references, counts.l1Misses, counts.l2Misses, counts.walkReferencesUncached];
        const label = `${row.l1} ${row.l2} ${row.page} ${row.policy}`;
        expect([label, ...found]).toEqual([label, row.refs, row.l1miss, row.l2miss, row.walkloads_nopsc]);
        expect([label, counts.walkReferences]).toEqual([label, row.walkloads_psc]);
      }
    });

    it("page sizes mixed, with flushes and invalidations", () => {
      const geometry = parseGeometry("l1:64x4,l1-2m:32x4,l1-1g:4x4,l2:1536x12,l2-1g:16x4");
      for (const row of expected.mixed) {
        const number = (option: string): number =>
          Number(new RegExp(`${option} (\\d+)`).exec(String(row.events))?.[1] ?? 0);
        const records = withEvents(data, number("-flush"), number("-inv"));
        const engine = run(records, { geometry, pages: String(row.mapping) as PageSize });
        const { references, l1Misses, l2Misses, walks, walkReferences, walkReferencesUncached } = engine.counts();
        expect({ ...row, references, l1Misses, l2Misses, walks, walkReferences, walkReferencesUncached }).toEqual({
          ...row,
          references: row.refs,
          l1Misses: row.l1miss,
          l2Misses: row.l2miss,
          walks: row.walks_by_size,
          walkReferences: row.walkloads_psc,
          walkReferencesUncached: row.walkloads_nopsc,
        });
        expect(engine.tables).toBe(row.pt_frames);
      }
    });

    it("an access as its first byte only", () => {
      const counts = run(data, {
        geometry: parseGeometry("l1:64x4,l2:1536x12"),
        pages: "4k",
        firstByteOnly: true,
      }).counts();
      const { refs, l1miss, l2miss, walkloads_psc } = expected.first_byte_only_4k;
      const { references, l1Misses, l2Misses, walkReferences } = counts;
      expect([references, l1Misses, l2Misses, walkReferences]).toEqual([refs, l1miss, l2miss, walkloads_psc]);
    });

    it("fully associative TLBs of every size", () => {
      const [base, huge] = [expected.single_level_lru.shift12, expected.single_level_lru.shift21];
      for (const [pages, fa] of [
        ["4k", base?.fa],
        ["2m", huge?.fa],
      ] as const) {
        for (const [entries, misses] of Object.entries(fa ?? {})) {
          // A synthetic trace goes through the whole list at each reference: its large sizes would take minutes. The
          // curve below has them.
          if (name.includes("-") && Number(entries) > 16) continue;
          const geometry = parseGeometry(`l1:${entries}xfull,l2:4x4`);
          expect([pages, entries, run(data, { geometry, pages }).counts().l1Misses]).toEqual([pages, entries, misses]);
        }
      }
    });

    it("fully associative TLBs of every size in one pass", () => {
      const engine = run(data, { geometry: parseGeometry("l1:4x4,l2:4x4"), pages: "4k", curve: ["4k", "2m"] });
      for (const [shift, { fa }] of Object.entries(expected.single_level_lru)) {
        const misses = engine.curveMisses(SIZES[shift] as PageSize);
        const found = Object.keys(fa).map((entries) => [entries, misses[Number(entries) - 1] ?? misses.at(-1)]);
        expect(found.length).toBeGreaterThan(3);
        expect(Object.fromEntries(found)).toEqual(fa);
      }
    });

    it("192 geometries in one pass, for base and huge pages", () => {
      const engine = run(data, {
        geometry: parseGeometry("l1:64x4,l2:1536x12"),
        pages: "4k",
        sweep: ["4k", "2m", "1g"],
      });
      for (const [shift, table] of Object.entries(expected.single_level_lru)) {
        const size = SIZES[shift] as PageSize;
        expect(engine.sweepReferences(size, 0)).toBe(table.refs);
        expect(engine.sweepMisses(size)).toEqual(Object.values(table.misses));
      }
    });

    if (expected.ifetch_single_level_lru !== undefined) {
      it("192 geometries of fetches alone", () => {
        const config: EngineConfig = {
          geometry: parseGeometry("l1:64x4,l2:1536x12"),
          pages: "4k",
          fetchOnly: true,
          sweep: ["4k"],
        };
        const table = expected.ifetch_single_level_lru?.shift12;
        expect(run(all, config).sweepMisses("4k")).toEqual(Object.values(table?.misses ?? {}));
      });

      it("fetches beside data", () => {
        for (const row of expected.split_i_d ?? []) {
          const text = `l1:${spec(row.l1d)},l1i:${spec(row.l1i)},l2:${spec(row.l2)},policy:${row.policy}`;
          const counts = run(all, { geometry: parseGeometry(text), pages: "4k", fetch: true }).counts();
          const found = [counts.accesses, counts.references, counts.fetchMisses, counts.l1Misses, counts.l2Misses];
          expect([text, ...found]).toEqual([text, row.acc, row.refs, row.l1imiss, row.l1miss, row.l2miss]);
        }
      });
    }
  });
}
