/**
 * Agreement with real kernels: readers of a mapping that is torn down, in 5.10.223 with the seed's diff and without.
 *
 * 5.10.223 has also taken over 48381273f873 (in 5.10.121), which the edition 5.16 has not: the GiB that its unmap
 * flushes is another one, and no reader on x86 can tell, because more than 33 strides are a flush of everything.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Agreement, type Aspect, compareGolden, sayDisagreement } from "../../src/golden/compare.js";
import { type GoldenFile, parseGolden } from "../../src/golden/format.js";
import { type Played, playScenario } from "../../src/golden/player.js";
import { type Edition, findEdition } from "../../src/kernel/editions.js";

const A = 0x100000000000;
const GIB = 2 ** 30;

function recording(kernel: string): GoldenFile {
  const path = `${kernel}/i_stale.json`;
  return parseGolden(readFileSync(new URL(`../fixtures/golden/${path}`, import.meta.url), "utf8"), path);
}

function editionOf(name: string): Edition {
  const edition = findEdition(name);
  if (edition === undefined) throw new Error(`there is no edition ${name}`);
  return edition;
}

const compare = (kernel: string, edition: string): Agreement =>
  compareGolden(recording(kernel), { edition: editionOf(edition) });

/** Disagreements in the given aspects, one line each. */
const misses = ({ disagreements }: Agreement, ...aspects: Aspect[]): string[] =>
  disagreements.filter(({ aspect }) => aspects.includes(aspect)).map(sayDisagreement);

/** One scenario by the start of its name, played; with what the machine did at the first line that begins so. */
function playLine(edition: string, name: string, line: string): Played {
  const scenario = recording("5.10.223-prefix").scenarios.find((found) => found.name.startsWith(name));
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  const index = scenario.ops.findIndex((op) => op.line.startsWith(line));
  return playScenario(scenario, { edition: editionOf(edition) })[index] as Played;
}

// Counts say that nothing was left out: statuses, page tables, and flushes of every operation but an exec.
const COMPARED = { status: 26, ptes: 148, flushes: 137 };

describe("a real kernel and the machine agree", () => {
  it("before the fix (edition 5.15): on what every reader sees, on page tables, on every flush", () => {
    const agreement = compare("5.10.223-prefix", "5.15");
    expect(misses(agreement, "status", "ptes", "flushes")).toEqual([]);
    expect(agreement.compared).toEqual(COMPARED);
  });

  it("with the fix (edition 5.16): on what every reader sees and on page tables", () => {
    const agreement = compare("5.10.223", "5.16");
    expect(misses(agreement, "status", "ptes")).toEqual([]);
    expect(agreement.compared).toEqual(COMPARED);
  });

  it("with the fix and 48381273f873 (edition 5.19): on every flush as well", () => {
    const agreement = compare("5.10.223", "5.19");
    expect(misses(agreement, "status", "ptes", "flushes")).toEqual([]);
    expect(agreement.compared).toEqual(COMPARED);
  });

  it("every scenario of the recording has a status to compare, and the same in both kernels", () => {
    const names = recording("5.10.223").scenarios.map(({ name }) => name);
    expect(recording("5.10.223-prefix").scenarios.map(({ name }) => name)).toEqual(names);
    const silent = recording("5.10.223").scenarios.filter(
      ({ ops }) => !ops.some(({ outcomes }) => outcomes.some(({ status }) => status !== undefined)),
    );
    expect(silent).toEqual([]);
    expect(names).toHaveLength(12);
  });
});

describe("the comparison tells kernels apart", () => {
  it("the fixed edition is wrong about the kernel without the fix, in the scenarios of the bug", () => {
    const wrong = compare("5.10.223-prefix", "5.16").disagreements.filter(({ aspect }) => aspect === "status");
    expect([...new Set(wrong.map(({ scenario }) => scenario.split("_")[0]))]).toEqual([
      "i01b",
      "i02b",
      "i02c",
      "i10",
      "i11",
    ]);
  });

  it("the vulnerable edition is wrong about the fixed kernel, in the same scenarios", () => {
    const wrong = compare("5.10.223", "5.15").disagreements.filter(({ aspect }) => aspect === "status");
    expect([...new Set(wrong.map(({ scenario }) => scenario.split("_")[0]))]).toEqual([
      "i01b",
      "i02b",
      "i02c",
      "i10",
      "i11",
    ]);
  });

  it("5.16 flushes the GiB before the one that it unshares wherever that begins at a GiB (48381273f873)", () => {
    const wrong = compare("5.10.223", "5.16").disagreements.filter(({ aspect }) => aspect === "flushes");
    expect(wrong).toHaveLength(9);
    for (const { predicted, recorded } of wrong) {
      expect(predicted).toContain(`[0x${(A - GIB).toString(16)}, `);
      expect(recorded.join()).toContain(`[0x${A.toString(16)}, `);
    }
  });
});

describe("what a reader at the first page hides", () => {
  const unmap = "P0 munmap";
  const status = "P0 status";

  it("without the fix, all that is flushed is one page at the start of the freed PUD table's range", () => {
    const { flushes, invalidations } = playLine("5.15", "i01_", unmap);
    expect(flushes).toEqual([{ mm: "P0", range: [A, A + 4096], strideShift: 39, freedTables: true }]);
    expect(invalidations).toEqual([1, 3].map((cpu) => ({ cpu, mm: "P0", address: A })));
  });

  it("that one INVLPG makes a reader at the first page fault, and leaves a reader 6 MiB on alone", () => {
    expect(playLine("5.15", "i01_", status).status).toEqual({ fault: 11, reading: false, value: 160 });
    expect(playLine("5.15", "i01b_", status).status).toEqual({ fault: 0, reading: true, value: 163 });
    expect(playLine("5.15", "i01b_", unmap).invalidations).toEqual(playLine("5.15", "i01_", unmap).invalidations);
  });

  it("with the fix the whole context goes first, and both fault", () => {
    expect(playLine("5.16", "i01b_", unmap).invalidations).toContainEqual({ cpu: 3, mm: "P0", address: "all" });
    expect(playLine("5.16", "i01_", status).status).toEqual({ fault: 11, reading: false, value: 160 });
    expect(playLine("5.16", "i01b_", status).status).toEqual({ fault: 11, reading: false, value: 163 });
  });
});
