/**
 * A fuzzed program as a replay token: `program/race@EDITION/BACKEND:BYTES.STEPS`, with the input of `fuzzOne` in
 * hexadecimal digits, program and schedule together.
 */
import { InputError } from "../error.js";
import { pathOf } from "../explore/path.js";
import { replay as replayRace, type Story, tell } from "../explore/replay.js";
import type { Scenario } from "../scenarios/scenario.js";
import { formatToken, parseToken } from "../schedule.js";
import { stageProgram } from "./case.js";
import { fuzzOne } from "./one.js";
import { agentOn } from "./program.js";

const NAME = "program";
const REMEDY = "a program's token has the bytes of fuzzOne in hexadecimal digits, then the number of steps to tell";

/** The token of a run: its canonical bytes, and the steps to tell (all, when it is not given). */
export function programToken(edition: string, backend: string, bytes: Uint8Array, steps?: number): string {
  const schedule = Buffer.from(bytes).toString("hex");
  return formatToken({
    scenario: NAME,
    case: "race",
    edition,
    backend,
    schedule,
    ...(steps === undefined ? {} : { steps }),
  });
}

export const isProgramToken = (token: string): boolean => token.startsWith(`${NAME}/`);

/** The story of a program's token, step by step, with its witness. Throws an InputError when it is no such token. */
export function replayProgram(token: string): Story {
  const { edition, backend, schedule, steps } = parseToken(token);
  if (schedule.length % 2 !== 0 || /[^0-9a-f]/i.test(schedule)) {
    throw new InputError("these are no bytes", { source: `${token.slice(0, 40)}...`, remedy: REMEDY });
  }
  const run = fuzzOne(Buffer.from(schedule, "hex"), { edition, backend });
  const wanted = steps ?? run.steps;
  if (wanted > run.steps) {
    const what = `the run ends after ${run.steps} steps, and not after ${wanted}`;
    throw new InputError(what, { source: `${token.slice(0, 40)}...`, remedy: REMEDY });
  }
  const { what, machine } = stageProgram(run.program, edition, backend);
  const choices = run.schedule.map((agent) => agentOn(run.program.tasks.length, agent));
  return tell(what, machine, pathOf(machine, choices, wanted).path, token);
}

/** Replays a token of a scenario, ours or of `own`, or of a program. Throws an InputError when it does not fit. */
export function replay(token: string, own: readonly Scenario[] = []): Story {
  return isProgramToken(token) ? replayProgram(token) : replayRace(token, own);
}
