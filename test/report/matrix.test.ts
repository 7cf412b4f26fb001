import { describe, expect, it } from "vitest";
import { check } from "../../src/explore/check.js";
import { Footnotes } from "../../src/report/footnotes.js";
import { formatMatrix } from "../../src/report/matrix.js";
import { plain } from "../../src/report/paint.js";

const look = { paint: plain, width: 120 };

const MACHINES = ["precise", "x86", "arm64", "arm64-range"];

describe("the history of the race", () => {
  it("reads like this, for the seed and for what its fix missed", async () => {
    const notes = new Footnotes();
    const asked = { scenarios: ["seed", "previous-gib"], backends: MACHINES, bound: 1 << 16 } as const;
    const { results } = await check({ ...asked, editions: "all" });
    const of = (scenario: string) => results.filter((row) => row.scenario === scenario);
    const seed = formatMatrix(of("seed"), notes, true, look);
    const missed = formatMatrix(of("previous-gib"), notes, false, look);
    const text = `${[seed, missed, notes.format(look.width)].join("\n\n")}\n`;
    await expect(text).toMatchFileSnapshot("snapshots/matrix.txt");
  });

  it("leaves a dash where nothing was checked", async () => {
    const { results } = await check({ scenarios: ["seed"], editions: ["3.5", "5.15"], backends: ["x86"] });
    const other = await check({ scenarios: ["seed"], editions: ["3.5"], backends: ["arm64"] });
    const text = formatMatrix([...results, ...other.results], new Footnotes(), false, look);
    expect(text.split("\n").at(-1)).toMatch(/^5\.15 +violated 726 a +-$/);
  });
});
