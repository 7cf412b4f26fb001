import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { failureOf } from "../../src/cli/exit.js";
import { Progress } from "../../src/cli/progress.js";
import { InputError } from "../../src/error.js";

describe("failureOf", () => {
  it("asks for a report, on one line, when the simulator fails", () => {
    const { code, message } = failureOf(new TypeError("one\n  two"), false);
    expect(code).toBe(3);
    expect(message).toBe("shootdown: TypeError: one two; this is a defect of the simulator, please report it");
  });

  it("does not ask twice", () => {
    const { message } = failureOf(new Error("a defect, please report it"), false);
    expect(message.match(/please report it/g)).toHaveLength(1);
  });

  it("adds the stack only with SHOOTDOWN_DEBUG=1", () => {
    process.env.SHOOTDOWN_DEBUG = "1";
    try {
      expect(failureOf(new Error("broken"), false).message).toContain("failure.test.ts");
    } finally {
      delete process.env.SHOOTDOWN_DEBUG;
    }
    expect(failureOf(new Error("broken"), false).message).not.toContain("failure.test.ts");
  });

  it("gives 130 for whatever an interrupt breaks off, 2 for what the user can repair", () => {
    expect(failureOf(new Error("aborted"), true).code).toBe(130);
    expect(failureOf(new InputError("bad", { source: "x", remedy: "mend it" }), true).code).toBe(2);
    const denied = Object.assign(new Error("EACCES: permission denied, open 'x'"), { code: "EACCES", syscall: "open" });
    expect(failureOf(denied, false)).toEqual({ code: 2, message: `shootdown: ${denied.message}` });
  });

  it("takes commander's words, on one line", () => {
    const error = new CommanderError(1, "commander.unknownOption", "error: unknown option '--x'\n(Did you mean --y?)");
    expect(failureOf(error, false)).toEqual({
      code: 2,
      message: "shootdown: unknown option '--x' (Did you mean --y?); see shootdown --help",
    });
  });
});

describe("Progress", () => {
  const stream = (isTTY: boolean): { written: string[]; stream: NodeJS.WriteStream } => {
    const written: string[] = [];
    const fake = { isTTY, columns: 20, write: (text: string) => written.push(text) };
    return { written, stream: fake as unknown as NodeJS.WriteStream };
  };

  it("overwrites one line of a terminal, cut to its width, and takes it away", () => {
    const { written, stream: terminal } = stream(true);
    const progress = new Progress(terminal);
    progress.show(() => "a text that is longer than twenty columns");
    progress.show(() => "too soon");
    progress.clear();
    progress.clear();
    expect(written).toEqual(["\r\u001b[Ka text that is long", "\r\u001b[K"]);
  });

  it("says nothing in a log while the work is short", () => {
    const { written, stream: log } = stream(false);
    const progress = new Progress(log);
    progress.show(() => "working");
    progress.clear();
    expect(written).toEqual([]);
  });
});
