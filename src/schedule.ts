/**
 * Schedules: one byte, the agent's number, for each step at which more than one agent could move.
 *
 * As text a schedule is one character a byte, 0-9 then a-z: agents are tasks in order, then the flush interrupts of the
 * CPUs. A token names the whole run: `scenario/case@edition/backend:schedule.steps`. The number of steps says how far
 * the forced moves after the last choice are followed; without it they are followed to the end. `.4+6` is a livelock:
 * a way of four steps, and a round of six that comes back to where it began.
 */
import { InputError } from "./error.js";

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

export function encodeSchedule(bytes: readonly number[]): string {
  return bytes.map((byte) => DIGITS[byte] ?? "?").join("");
}

export function decodeSchedule(text: string, source = "schedule"): number[] {
  return [...text].map((character, index) => {
    const byte = DIGITS.indexOf(character.toLowerCase());
    if (byte < 0) {
      throw new InputError(`"${character}" is no agent`, {
        source,
        byte: index,
        remedy: "a schedule is written with the characters 0-9 and a-z, one for each choice",
      });
    }
    return byte;
  });
}

export interface Token {
  readonly scenario: string;
  readonly case: string;
  readonly edition: string;
  readonly backend: string;
  readonly schedule: string;
  readonly steps?: number;
  /** Steps of a round at the end, of `steps` in all. */
  readonly round?: number;
}

export const formatToken = (token: Token): string =>
  `${token.scenario}/${token.case}@${token.edition}/${token.backend}:${token.schedule}` +
  (token.steps === undefined
    ? ""
    : `.${token.steps - (token.round ?? 0)}${token.round === undefined ? "" : `+${token.round}`}`);

const TOKEN = /^([^/@:]+)\/([^/@:]+)@([^/@:]+)\/([^/@:]+):([0-9a-z]*)(?:\.([0-9]{1,6})(?:\+([0-9]{1,6}))?)?$/i;

/** Parses a token; an InputError says what a token looks like. */
export function parseToken(text: string): Token {
  const match = TOKEN.exec(text);
  if (match === null) {
    throw new InputError("this is no replay token", {
      source: text.length > 40 ? `${text.slice(0, 40)}...` : text,
      remedy: "a token looks like seed/truncate@5.15/x86:0101.28, as `shootdown check` prints it",
    });
  }
  const [, scenario = "", which = "", edition = "", backend = "", schedule = "", steps, round] = match;
  return {
    scenario,
    case: which,
    edition,
    backend,
    schedule,
    ...(steps === undefined ? {} : { steps: Number(steps) + Number(round ?? 0) }),
    ...(round === undefined ? {} : { round: Number(round) }),
  };
}
