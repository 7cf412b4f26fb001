/**
 * Matchers for vitest: `import "shootdown/vitest"` once, in a test file or in a file of `setupFiles`.
 *
 *   await expect("seed").toHold({ edition: "7.1" })           every schedule keeps every promise
 *   await expect("seed").toFindViolation("STALE_TRANSLATION")  the search finds what it should
 *   expect(run).toKeepPromises()                               one run: a token, a drawn run, a story, a machine
 *   expect(token).toShow("STALE_TRANSLATION")                  one run shows what it should
 *
 * A failure shows the counterexample step by step and the token that replays it.
 */
import { expect } from "vitest";
import type { ViolationKind } from "../names.js";
import { type Checked, type CheckedOptions, checked, type Judgement, judgeHolds, judgeViolation } from "./checked.js";
import { judgeRun, type OneRun } from "./judged.js";

export type { Checked, CheckedOptions } from "./checked.js";
export type { OneRun } from "./judged.js";

/** What `expect` can be asked about checks and runs. */
export interface ShootdownMatchers {
  /**
   * Of a scenario, its name or a result of `check`: no schedule breaks a promise, and every schedule was tried. Masked
   * rows do not hold unless `masked` says so. Await it.
   */
  toHold(options?: CheckedOptions): Promise<void>;
  /** Of the same: some schedule breaks a promise, of this kind when one is given, or does harm. Await it. */
  toFindViolation(kind?: ViolationKind, options?: CheckedOptions): Promise<void>;
  /** Of one run: a token, a drawn run, a story, a result of `fuzzOne`, a machine. No promise is broken on the way. */
  toKeepPromises(): void;
  /** Of the same: this kind of promise is broken, or any. */
  toShow(kind?: ViolationKind): void;
}

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: vitest declares it so, and declarations must agree
  interface Matchers<T = any> extends ShootdownMatchers {}
}

const answer = ({ pass, message }: Judgement): { pass: boolean; message: () => string } => ({ pass, message });

expect.extend({
  async toHold(received: Checked, options: CheckedOptions = {}) {
    return answer(judgeHolds(await checked(received, options), options, Boolean(this.isNot)));
  },
  async toFindViolation(received: Checked, kind?: ViolationKind, options: CheckedOptions = {}) {
    return answer(judgeViolation(await checked(received, options), kind, options, Boolean(this.isNot)));
  },
  toKeepPromises(received: OneRun) {
    const { violations, message } = judgeRun(received, undefined, "to keep every promise", Boolean(this.isNot));
    return { pass: violations.length === 0, message };
  },
  toShow(received: OneRun, kind?: ViolationKind) {
    const { violations, message } = judgeRun(received, kind, `to show ${kind ?? "a violation"}`, Boolean(this.isNot));
    return { pass: violations.length > 0, message };
  },
});
