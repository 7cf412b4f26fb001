import { describe, expect, it } from "vitest";
import { shootdown } from "./shootdown.js";

describe("shootdown without arguments", () => {
  it("tells the story in a few seconds and ends with 0, although old editions do harm", async () => {
    const started = performance.now();
    const { code, stdout } = await shootdown([]);
    expect(code).toBe(0);
    expect(performance.now() - started).toBeLessThan(30_000);
    const titles = stdout.match(/^(\d\. .*?):/gm);
    expect(titles).toEqual([
      "1. A real program:",
      "2. The smallest counterexample:",
      "3. The history of the race:",
      "4. What each line of the fix is for:",
    ]);
  });

  it("ends with commands that work", async () => {
    const { stdout } = await shootdown([]);
    const commands = [...stdout.slice(stdout.indexOf("\nNext\n")).matchAll(/^ {2}shootdown (.*?) {2}/gm)];
    expect(commands).toHaveLength(5);
    for (const [, command = ""] of commands) {
      const { code, stderr } = await shootdown(command.split(" "));
      expect([0, 1]).toContain(code);
      // Progress is welcome when the machine is slow.
      expect(stderr).not.toContain("shootdown:");
    }
  });

  it("shows what the fix changed for the recorded program", async () => {
    const { stdout } = await shootdown([]);
    expect(stdout).toMatch(/calls that broke a promise +17 +0\n/);
  });
});
