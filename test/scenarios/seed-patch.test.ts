/**
 * The seed's patch, line by line, and the repairs that its author rejected (items 4 to 6).
 */
import { describe, expect, it } from "vitest";
import { check } from "../../src/explore/check.js";

const kindsOf = async (edition: string, scenario = "seed", backend = "x86"): Promise<string[]> => {
  const { results } = await check({ scenarios: [scenario], editions: [edition], backends: [backend] });
  expect(results[0]?.complete).toBe(true);
  expect(results[0]?.violations.every((v) => v.confirmed)).toBe(true);
  return [...new Set(results[0]?.violations.map((v) => v.kind))];
};

describe("each line that the seed added", () => {
  it.each(["5.16-no-record", "5.16-no-force", "5.16-no-flush"])(
    "is necessary: %s does harm on x86",
    async (edition) => {
      expect(await kindsOf("5.16")).toEqual(["RANGE_NOT_RECORDED"]);
      const kinds = await kindsOf(edition);
      expect(kinds).toContain("FLUSH_AFTER_UNLOCK");
      expect(kinds).toContain("STALE_WALK");
      expect(kinds).toContain("STALE_TRANSLATION");
    },
  );

  it("must come before the unlock: the same flush after it is found", async () => {
    const kinds = await kindsOf("5.16-late-flush");
    expect(kinds).toContain("FLUSH_AFTER_UNLOCK");
    expect(kinds).toContain("STALE_WALK");
  });
});

describe("the repair that the seed's author rejected", () => {
  it("keeps the table's reference, and the sharing test counts a sharer that is gone", async () => {
    // B, the last sharer, sees two users and unshares too: nobody clears the entries, and the table goes with them.
    const kinds = await kindsOf("5.15-deferred-put");
    expect(kinds).toContain("UNBALANCED");
    expect(await kindsOf("5.15")).not.toContain("UNBALANCED");
    const { results } = await check({ scenarios: ["seed"], editions: ["5.15-deferred-put"], backends: ["x86"] });
    const wrong = results[0]?.violations.find((v) => v.kind === "UNBALANCED");
    expect(wrong?.detail).toMatch(/a (table was freed with live entries|page was freed while something still maps it)/);
  });
});
