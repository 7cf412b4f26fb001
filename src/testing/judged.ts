/**
 * What a matcher says about one run: which promises it breaks, told step by step where a token is at hand.
 */

import { replay } from "../fuzz/token.js";
import { Machine } from "../machine.js";
import { kindName, type ViolationKind } from "../names.js";
import { toldToken } from "./checked.js";

/** One run: a replay token, a machine, or anything that says which promises it broke. */
export type OneRun =
  | string
  | Machine
  | { readonly violations: readonly { readonly kind: string }[]; readonly token?: string };

interface Judged {
  /** Those of the kind that was asked for. */
  readonly violations: readonly string[];
  readonly message: () => string;
}

export function judgeRun(received: OneRun, kind: ViolationKind | undefined, expected: string, isNot: boolean): Judged {
  const token = typeof received === "string" ? received : received instanceof Machine ? undefined : received.token;
  const all = kindsOf(received);
  const found = all.length === 0 ? "breaks none" : `breaks ${[...new Set(all)].join(", ")}`;
  return {
    violations: all.filter((one) => kind === undefined || one === kind),
    message: () => {
      const head = `expected the run ${isNot ? "not " : ""}${expected}, but it ${found}`;
      return token === undefined ? head : `${head}\n\n${toldToken(token)}`;
    },
  };
}

function kindsOf(received: OneRun): string[] {
  if (received instanceof Machine) return received.violations().map(({ kind }) => kindName(kind));
  const { violations } = typeof received === "string" ? replay(received) : received;
  return violations.map(({ kind }) => kind);
}
