import { describe, expect, it } from "vitest";
import { InputError } from "../../src/error.js";
import { placeOf, replay } from "../../src/explore/replay.js";
import { compareSaved, hashText, listingsOf, misfitOf, saveSchedule } from "../../src/explore/saved.js";
import { savedSchedule } from "../../src/report/reason-schema.js";

const token = "seed/truncate@5.15/x86:000000011111111111111111111111.37";
const story = replay(token);
const what = placeOf(token);
const file = saveSchedule(story, what, "1.2.3");

describe("a saved schedule", () => {
  it("says what was run, and what it must show", () => {
    expect(savedSchedule.parse(JSON.parse(JSON.stringify(file)))).toEqual(file);
    expect(file.configuration).toEqual({
      geometry: "tiny",
      cpus: 3,
      mms: 2,
      tasks: ["A1: munmap", "B1: await-clear, truncate"],
    });
    expect(file.expected?.map(({ kind }) => kind)).toEqual(["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK"]);
    expect(Object.keys(file.listings ?? {})).toContain("huge_pmd_unshare");
  });

  it("is told as it was by the same build", () => {
    expect(compareSaved(file, story, what)).toEqual({ version: "1.2.3", same: true, changed: [] });
  });

  it("names the listings that read differently", () => {
    const old = { ...file, trace: hashText("other"), listings: { ...file.listings, munmap: hashText("a line more") } };
    expect(compareSaved(old, story, what)).toMatchObject({ same: false, changed: ["munmap"] });
  });

  it("notices a listing of another edition, and one that is gone", () => {
    const next = placeOf(token.replace("5.15", "5.16"));
    const { changed = [] } = compareSaved(file, story, next) ?? {};
    expect(changed).toContain("__unmap_hugepage_range");
    expect(changed).toContain("tlb_flush_pmd_range");
    expect(changed).not.toContain("tlb_finish_mmu");
    expect(Object.keys(listingsOf(next))).toContain("tlb_flush_pmd_range");
  });

  it("that does not fit any more says which listings changed", () => {
    const error = new InputError("agent 0 cannot move", { source: token, remedy: "none" });
    const old = { ...file, listings: { ...file.listings, munmap: hashText("a line more") } };
    expect(misfitOf(error, old, what).message).toContain("agent 0 cannot move; since it was saved these functions");
    expect(misfitOf(error, old, what).message).toContain("changed: munmap");
    expect(misfitOf(error, file, what).message).toContain("no listing has changed");
  });

  it("without hashes is only a token", () => {
    expect(compareSaved({}, story, what)).toBeUndefined();
  });
});
