/** Findings shrink to a few small stories, each with its witness, and their files replay. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FuzzWord, Signature } from "../../assembly/abi/fuzz.js";
import { Campaign } from "../../src/fuzz/campaign.js";
import { type CaseFile, makeCase, replayCase } from "../../src/fuzz/case.js";
import { arenaFor, fuzzOne } from "../../src/fuzz/one.js";
import { shrinkInput } from "../../src/fuzz/shrink.js";
import { shootdown } from "../cli/shootdown.js";

const folder = mkdtempSync(join(tmpdir(), "shootdown-case-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs of one bug that are shrunk. More of them: SHOOTDOWN_SHRINK_RUNS=100 npx vitest run shrink */
const RUNS = Number(process.env.SHOOTDOWN_SHRINK_RUNS ?? 6);
const WHERE = "remove_inode_hugepages: remove_huge_page()";

/** A case of the seed's use after free in 5.15, found with this seed. */
async function caseOf(seed: number): Promise<CaseFile | undefined> {
  const campaign = new Campaign({ edition: "5.15", seed, guided: false });
  for (let tries = 0; tries < 40; tries++) {
    campaign.slice(1000);
    const i = campaign
      .findings()
      .findIndex(({ kind, born, where }) => kind === "STALE_TRANSLATION" && /pud_clear/.test(born) && where === WHERE);
    if (i < 0) continue;
    const { arena } = campaign;
    const at = arena.get(FuzzWord.FINDINGS) + i * Signature.WORDS;
    const word = (field: Signature): number => arena.machine.get(at + field);
    const target = { kind: word(Signature.KIND), birth: word(Signature.BIRTH), at: word(Signature.AT) };
    const input = Uint8Array.from(Buffer.from(campaign.found[i]?.input ?? "", "hex"));
    const small = shrinkInput(arenaFor("5.15", "x86"), input, target);
    if (small === undefined) return undefined;
    return makeCase(fuzzOne(small, { edition: "5.15" }), "STALE_TRANSLATION", WHERE);
  }
  return undefined;
}

const storyOf = ({ program, schedule }: CaseFile): string => JSON.stringify([program, schedule]);

describe("a finding", () => {
  it(`of one bug, from ${RUNS} random runs, shrinks to at most three stories, all confirmed`, async () => {
    const stories = new Map<string, CaseFile>();
    for (let seed = 1; seed <= RUNS; seed++) {
      const made = await caseOf(seed);
      expect(made, `seed ${seed}`).toBeDefined();
      if (made !== undefined) stories.set(storyOf(made), made);
    }
    expect(stories.size, [...stories.keys()].join("\n")).toBeLessThanOrEqual(3);
    for (const made of stories.values()) {
      expect(made.violation.confirmed).toBe(true);
      expect(made.program.tasks.flatMap((task) => task.calls).length).toBeLessThanOrEqual(3);
      expect(replayCase(made, "case").violations.map(({ kind }) => kind)).toContain("STALE_TRANSLATION");
    }
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
