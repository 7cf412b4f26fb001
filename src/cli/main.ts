#!/usr/bin/env node
/**
 * The command `shootdown`: signals and streams here, the rest in program.ts.
 */
import { Exit, failureOf } from "./exit.js";
import { runProgram } from "./program.js";
import { Session } from "./session.js";

const interrupt = new AbortController();
process.on("SIGINT", () => {
  // The second Ctrl-C does not wait for anything.
  if (interrupt.signal.aborted) process.exit(Exit.INTERRUPTED);
  interrupt.abort();
});

const session = new Session(interrupt.signal);

// A reader that has seen enough (`| head`) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(session.code);
    if (stream === process.stdout) process.stderr.write(`shootdown: cannot write the output: ${error.message}\n`);
    process.exit(Exit.USAGE);
  });
}

try {
  await runProgram(process.argv.slice(2), session);
  process.exitCode = session.code;
} catch (error) {
  const { code, message } = failureOf(error, interrupt.signal.aborted);
  if (message !== "") session.remark(message);
  process.exitCode = code;
}
