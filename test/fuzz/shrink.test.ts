/** Findings shrink to a small story with its witness, the same one each time, and their files replay. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Campaign } from "../../src/fuzz/campaign.js";
import { changes } from "../../src/fuzz/candidates.js";
import type { CaseFile } from "../../src/fuzz/case.js";
import { comesBefore, putTogether, takeApart } from "../../src/fuzz/draft.js";
import type { FuzzResult } from "../../src/fuzz/fuzz.js";
import { arenaFor } from "../../src/fuzz/one.js";
import { shrinkInput } from "../../src/fuzz/shrink.js";
import { type Large, smallestOf } from "../../src/fuzz/smallest.js";
import { shootdown } from "../cli/shootdown.js";

const folder = mkdtempSync(join(tmpdir(), "shootdown-case-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const edition = "5.15";

/** Findings of a short campaign, each with what must stay. */
function campaign(): Campaign {
  const campaign = new Campaign({ edition, seed: 1 });
  campaign.slice(4000);
  return campaign;
}

describe("a finding", () => {
  it("becomes the same case again, and in any order", async () => {
    const larges = campaign().toShrink().slice(0, 5);
    expect(larges.length).toBeGreaterThan(2);
    const first = await Promise.all(larges.map(({ large }) => smallestOf(large)));
    for (const [i, { large }] of [...larges.entries()].reverse()) expect(await smallestOf(large)).toEqual(first[i]);
    for (const made of first) expect(made?.violation.confirmed).toBe(true);
  });

  it("is at a local minimum: of no smaller program does the same path show it", () => {
    const { large } = campaign().toShrink()[0] as { large: Large };
    const arena = arenaFor(edition, "x86");
    const small = shrinkInput(arena, Buffer.from(large.input, "hex"), large.target);
    const now = takeApart(small as Uint8Array);
    const own = { draft: now, bytes: putTogether(now) };
    const { kind, birth, at } = large.target;
    const smaller = changes.flatMap((change) => change(now)).map((draft) => ({ draft, bytes: putTogether(draft) }));
    const tried = smaller.filter((candidate) => comesBefore(candidate, own));
    expect(tried.length).toBeGreaterThan(20);
    const schedule = (small as Uint8Array).subarray(own.bytes.length);
    for (const { bytes } of tried) {
      arena.write(Uint8Array.from([...bytes, ...schedule]));
      const ran = arena.machine.core.call.fuzzInput() !== 0;
      expect(ran && arena.machine.core.call.fuzzShowed(kind, birth, at) !== 0, bytes.join()).toBe(false);
    }
    // And from there nothing changes any more.
    expect(shrinkInput(arena, small as Uint8Array, large.target)).toEqual(small);
  });

  it("is shrunk by any of several workers to the same case", async () => {
    const args = ["fuzz", "--edition", edition, "--jobs", "2", "--runs", "800", "--json"];
    const { findings } = JSON.parse((await shootdown(args)).stdout) as FuzzResult;
    const both = new Campaign({ edition, seed: 1 });
    both.slice(400);
    const other = new Campaign({ edition, seed: 1 + 2 ** 32 });
    other.slice(400);
    both.takeIn(other.share());
    const larges = both.toShrink();
    expect(larges).toHaveLength(findings.length);
    for (const { i, large } of larges) expect(findings[i]?.case).toEqual(await smallestOf(large));
  });

  it("is written to the campaign's folder and told by replay; a damaged file is refused", async () => {
    const args = ["fuzz", "--edition", "5.15", "--runs", "8000", "--corpus", folder];
    expect((await shootdown(args)).code).toBe(1);
    const files = readdirSync(join(folder, "findings"));
    expect(files.length).toBeGreaterThan(0);
    const file = join(folder, "findings", files.find((name) => name.startsWith("stale")) ?? (files[0] as string));
    const told = await shootdown(["replay", file]);
    expect(told.stdout).toMatch(/>>> [A-Z_]+/);
    expect(told.stdout).not.toContain("UNCONFIRMED");
    expect(told.stderr).toContain("every step is told as when");
    const wrong = join(folder, "wrong.json");
    const made = JSON.parse(readFileSync(file, "utf8")) as CaseFile;
    writeFileSync(wrong, JSON.stringify({ ...made, edition: "5.19", steps: 400 }));
    const refused = await shootdown(["replay", wrong]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("since it was saved");
  });
});
