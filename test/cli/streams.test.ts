import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { main, root, shootdown } from "./shootdown.js";

const ESCAPE = "\u001b[";
const seed = ["check", "seed", "--edition", "5.15", "--backend", "x86"];
/** Eleven editions on four machines: several seconds. */
const long = ["check", "--edition", "3.5,3.6,5.15,5.16,5.16+,5.19,5.16-no-record,5.16-no-force,5.16-no-flush"];

describe("colour", () => {
  it("is not in a pipe", async () => {
    expect((await shootdown(seed)).stdout).not.toContain(ESCAPE);
  });

  it("is there when FORCE_COLOR asks for it, unless NO_COLOR or --no-color forbids it", async () => {
    const forced = await shootdown(seed, { FORCE_COLOR: "1" });
    expect(forced.stdout).toContain(`${ESCAPE}31mviolated`);
    const plain = await shootdown(["--no-color", ...seed], { FORCE_COLOR: "1" });
    const forbidden = await shootdown(seed, { FORCE_COLOR: "1", NO_COLOR: "1" });
    expect(plain.stdout).not.toContain(ESCAPE);
    expect(forbidden.stdout).not.toContain(ESCAPE);
    expect((await shootdown([...seed, "--no-color"], { FORCE_COLOR: "1" })).stdout).not.toContain(ESCAPE);
  });
});

describe("a reader that goes away", () => {
  it("ends the command quietly", async () => {
    const script = `"$0" "$1" check seed hole-punch narrow-range | head -1; echo "$\{PIPESTATUS[0]}"`;
    const child = spawn("bash", ["-c", script, process.execPath, main], { cwd: root });
    const { stdout, stderr } = await collect(child);
    expect(stderr.replace(/^check \d+ of .*\n/gm, "")).toBe("");
    expect(stdout).toMatch(/^scenario .*\n[01]\n$/);
  });
});

describe("Ctrl-C", () => {
  it("ends a long check with 130 within a second, and prints the rows that it has", async () => {
    const child = spawn(process.execPath, [main, ...long], { cwd: root });
    const ended = collect(child);
    await underWay(child);
    const asked = performance.now();
    child.kill("SIGINT");
    const { code, stdout, stderr } = await ended;
    // A second on a free core (measured: tens of milliseconds); a loaded CI machine may take longer to schedule us.
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(code).toBe(130);
    expect(stdout).toMatch(/^scenario +edition/);
    expect(stderr).toMatch(/shootdown: interrupted after [\d,]+ of [\d,]+ checks/);
  });

  it("leaves one whole JSON object that says so", async () => {
    const child = spawn(process.execPath, [main, ...long, "--json"], { cwd: root });
    const ended = collect(child);
    await underWay(child);
    child.kill("SIGINT");
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ schema: "shootdown/check@1", interrupted: true });
  });
});

type Child = ReturnType<typeof spawn>;

/** The first line of progress is there: some rows are done, and many are not. */
function underWay(child: Child): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stderr?.once("data", () => resolve());
    child.once("close", () => reject(new Error("ended before it said how far it was")));
  });
}

function collect(child: Child): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (data) => {
    stdout += String(data);
  });
  child.stderr?.on("data", (data) => {
    stderr += String(data);
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}
