/**
 * The command as a user runs it: a process of its own, its two streams and its exit code.
 */
import { type ExecFileException, execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const bare: NodeJS.ProcessEnv = { ...process.env };
for (const name of ["NO_COLOR", "FORCE_COLOR", "SHOOTDOWN_DEBUG"]) delete bare[name];

/** Runs the built command in the repository and waits for its end. */
export function shootdown(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const options = { cwd: root, env: { ...bare, ...env }, maxBuffer: 1 << 26, timeout: 50_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], options, (error: ExecFileException | null, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

/** Lines of a text that ends with a line feed. */
export const linesOf = (text: string): string[] => text.replace(/\n$/, "").split("\n");
