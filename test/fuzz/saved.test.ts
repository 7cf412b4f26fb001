/** A campaign that is stopped, killed or minimised goes on, and is the one that it would have been. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Campaign } from "../../src/fuzz/campaign.js";
import { restoreCampaign, saveCampaign } from "../../src/fuzz/saved.js";
import { root, shootdown } from "../cli/shootdown.js";

const folder = mkdtempSync(join(tmpdir(), "shootdown-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options = { edition: "5.15", seed: 9 };

describe("a saved campaign", () => {
  it("goes on as if it had not been stopped", () => {
    const whole = new Campaign(options);
    whole.slice(4000);
    const first = new Campaign(options);
    first.slice(2000);
    const second = new Campaign(options);
    restoreCampaign(second, saveCampaign(first));
    second.slice(2000);
    expect(second.result(1)).toEqual(whole.result(1));
  });

  it("is refused when it is cut, is something else, or has other parameters", () => {
    const campaign = new Campaign(options);
    campaign.slice(1000);
    const bytes = saveCampaign(campaign);
    const restore = (changed: Uint8Array, more: object = {}) => {
      restoreCampaign(new Campaign({ ...options, ...more }), changed);
    };
    expect(() => restore(bytes.slice(0, -100))).toThrow(/bytes after its head/);
    expect(() => restore(new Uint8Array(100))).toThrow(/no saved campaign/);
    expect(() => restore(bytes, { seed: 10 })).toThrow(/has seed 9, not 10/);
  });

  it("loses entries that show nothing of their own, and no feature", () => {
    const campaign = new Campaign(options);
    campaign.slice(6000);
    const before = campaign.result(1);
    const gone = campaign.minimize();
    const after = campaign.result(1);
    expect(gone).toBeGreaterThan(0);
    expect(after.corpus.entries).toBe(before.corpus.entries - gone);
    expect(campaign.minimize()).toBeLessThan(gone);
  });
});

describe("shootdown fuzz --corpus", () => {
  it("survives kill -9 and goes on", async () => {
    const path = join(folder, "killed");
    const state = join(path, "campaign.bin");
    const args = ["fuzz", "--edition", "5.15", "--time", "60", "--corpus", path];
    const child = spawn(process.execPath, [join(root, "dist/src/cli/main.js"), ...args], { stdio: "ignore" });
    while (!existsSync(state)) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill("SIGKILL");
    const saved = JSON.parse(readFileSync(state, "utf8").split("\n")[0] as string) as { runs: number };
    expect(saved.runs).toBeGreaterThan(0);
    const more = ["fuzz", "--edition", "5.15", "--runs", "1000", "--corpus", path, "--no-shrink", "--json"];
    const { stdout, stderr } = await shootdown(more);
    expect(stderr).toContain("going on with the campaign");
    expect((JSON.parse(stdout) as { runs: number }).runs).toBe(saved.runs + 1000);
  });
});
