import { describe, expect, it } from "vitest";
import { check } from "../../src/explore/check.js";
import { replay, type Story } from "../../src/explore/replay.js";
import { plain } from "../../src/report/paint.js";
import { formatStory, storyTable } from "../../src/report/replay.js";

const look = { paint: plain, width: 120 };

async function smallest(): Promise<Story> {
  const { results } = await check({ scenarios: ["seed"], editions: ["5.15"], backends: ["x86"] });
  const found = results[0]?.violations.find((violation) => violation.kind === "STALE_TRANSLATION");
  return replay(found?.schedule ?? "");
}

/** The hash covers the layout of the core, which may change when the story does not. */
const withoutHash = (text: string): string => text.replace(/Final state [0-9a-f]{16}\./, "Final state HASH.");

describe("the counterexample of the seed's race", () => {
  it("reads like this, folded", async () => {
    const text = withoutHash(formatStory(await smallest(), { ...look, folded: true }));
    await expect(text).toMatchFileSnapshot("snapshots/counterexample.txt");
  });

  it("reads like this, step by step", async () => {
    const text = withoutHash(formatStory(await smallest(), { ...look, folded: false }));
    await expect(text).toMatchFileSnapshot("snapshots/counterexample-steps.txt");
  });

  it("names every step when it folds, in order", async () => {
    const story = await smallest();
    const cells = storyTable(story, { ...look, folded: true }).match(/^ *\d+(-\d+)?(?= )/gm) ?? [];
    const steps = cells.flatMap((cell) => {
      const [from = 0, to = from] = cell.trim().split("-").map(Number);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });
    expect(steps).toEqual(Array.from({ length: 37 }, (_, i) => i + 1));
  });

  it("fits the width that it is given", async () => {
    const story = await smallest();
    for (const width of [100, 120, 130]) {
      const lines = formatStory(story, { paint: plain, width, folded: true }).split("\n");
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    }
  });

  it("marks the witness and each broken promise", async () => {
    const text = storyTable(await smallest(), { ...look, folded: true });
    expect(text.match(/^ *\*/gm)).toHaveLength(3);
    expect(text.match(/>>> \w+/g)).toEqual([">>> FLUSH_AFTER_UNLOCK", ">>> STALE_TRANSLATION", ">>> STALE_WALK"]);
  });
});
