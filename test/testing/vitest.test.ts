/** shootdown/vitest: what the matchers accept, and what a failure says. */
import { describe, expect, it } from "vitest";
import "../../src/testing/vitest.js";
import { check } from "../../src/explore/check.js";
import { fuzzOne } from "../../src/fuzz/one.js";
import { replay } from "../../src/fuzz/token.js";
import { Race, runProgram } from "../../src/testing/runs.js";

const x86 = { backend: "x86" } as const;
const TOKEN = "seed/truncate@5.15/x86:000000011111111111111111111111.37";
/** What a matcher that must fail says. */
const saying = async (matching: () => unknown): Promise<string> => {
  try {
    await matching();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the matcher passed");
};

describe("toHold", () => {
  it("passes where every schedule keeps every promise, of a name, a result or a row", async () => {
    await expect("seed").toHold({ ...x86, edition: "7.1" });
    const result = await check({ scenarios: ["seed"], editions: ["7.1"], backends: ["x86"] });
    await expect(result).toHold();
    await expect(result.results[0]).toHold();
    await expect("seed").not.toHold({ ...x86, edition: "5.15" });
  });

  it("takes a masked row only when told to", async () => {
    await expect("seed").not.toHold({ ...x86, edition: "5.19" });
    await expect("seed").toHold({ ...x86, edition: "5.19", masked: true });
  });

  it("shows the counterexample step by step, and its token", async () => {
    const text = await saying(() => expect("seed").toHold({ ...x86, edition: "5.15" }));
    expect(text).toContain("expected every schedule to keep its promises; 1 of 1 check:");
    expect(text).toMatch(/seed in 5\.15 on x86: violated, [\d,]+ states; .*STALE_TRANSLATION after 37 steps/);
    expect(text).toContain(">>> RIGHTS_OUTLIVE_CALL");
    expect(text).toMatch(/replay it: shootdown replay 'seed\/\w[\w-]*@5\.15\/x86:[01]+\.20'$/);
  });

  it("does not take a bounded search for one that holds, and says what stopped it", async () => {
    const text = await saying(() => expect("seed").toHold({ ...x86, edition: "7.1", bound: 50 }));
    expect(text).toMatch(/seed in 7\.1 on x86: bounded, \d+ states; a search reached the bound of 50 states/);
  });

  it("fails for a name that does not exist", async () => {
    expect(await saying(() => expect("no-such").toHold())).toMatch(/there is no scenario "no-such"/);
  });
});

describe("toFindViolation", () => {
  it("passes when the search finds harm, or the kind", async () => {
    await expect("seed").toFindViolation(undefined, { ...x86, edition: "5.15" });
    await expect("seed").toFindViolation("STALE_TRANSLATION", { ...x86, edition: "5.15" });
    await expect("seed").not.toFindViolation("STALE_TRANSLATION", { ...x86, edition: "5.19" });
  });

  it("says what was found instead", async () => {
    const text = await saying(() => expect("seed").toFindViolation("DEADLOCK", { ...x86, edition: "5.15" }));
    expect(text).toMatch(/^expected the search to find DEADLOCK; it found:\n {2}seed in 5\.15 on x86: violated/);
  });
});

describe("toKeepPromises and toShow", () => {
  it("take a token, a drawn run, a story and a result of fuzzOne", () => {
    const fixed = new Race("seed", { edition: "7.1" }).run([]);
    expect(fixed).toKeepPromises();
    expect(fixed.token).toKeepPromises();
    expect(replay(fixed.token)).toKeepPromises();
    expect(fuzzOne(new Uint8Array(8))).toKeepPromises();
    expect(runProgram(new Uint8Array(8))).toKeepPromises();
    expect(TOKEN).toShow("STALE_TRANSLATION");
    expect(TOKEN).not.toShow("DEADLOCK");
    expect(TOKEN).not.toKeepPromises();
  });

  it("tell the run in the failure", async () => {
    const text = await saying(() => expect(TOKEN).toKeepPromises());
    expect(text).toContain("FLUSH_AFTER_UNLOCK, STALE_TRANSLATION");
    expect(text).toContain(">>> STALE_TRANSLATION");
    expect(text).toContain(`replay it: shootdown replay '${TOKEN}'`);
    expect(await saying(() => expect(TOKEN).toShow("OOPS"))).toMatch(
      /^expected the run to show OOPS, but it breaks FL/,
    );
    expect(await saying(() => expect(TOKEN).not.toShow())).toMatch(/^expected the run not to show a violation, but/);
  });
});
