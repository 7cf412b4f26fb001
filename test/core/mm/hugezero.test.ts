import { describe, expect, it } from "vitest";
import { Reg } from "../../../assembly/abi/operands.js";
import { Frame } from "../../../assembly/abi/records.js";
import { rig } from "../harness.js";

describe("the huge zero page", () => {
  it("is one page, with a reference for each mapping and one for the shrinker", () => {
    const made = rig();
    expect(made.core.getHugeZero(made.task())).toBe(0);
    const page = made.register(Reg.PAGE);
    made.core.getHugeZero(made.task());
    expect(made.register(Reg.PAGE)).toBe(page);
    expect(made.frame(page, Frame.REFERENCES)).toBe(3);
  });

  it("is freed by the shrinker only when nobody else holds it", () => {
    const made = rig();
    made.core.getHugeZero(made.task());
    const page = made.register(Reg.PAGE);
    made.core.shrinkHugeZero();
    expect(made.frame(page, Frame.GENERATION)).toBe(0);
    made.core.putPage(page);
    made.core.shrinkHugeZero();
    expect(made.frame(page, Frame.GENERATION)).toBe(1);
  });

  it("is refused without memory", () => {
    const made = rig({ hugeFrames: 0 });
    expect(made.core.getHugeZero(made.task())).toBe(7);
  });
});
