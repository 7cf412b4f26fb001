/** The exports of the throughput engine: a module of its own. Numbers only; addresses are byte addresses. */
import { REPLAY_LAYOUT } from "../abi/replay";

export { countOf, cpusUsed, makeCpus, setStructure } from "./cpu";
export {
  choosePages,
  compileKeys,
  finish,
  replay,
  replayKeys,
  rewind,
  setSweeping,
  setTouching,
  walkKeys,
} from "./engine";
export { setWanted } from "./front";
export { allocate, fault } from "./memory";
export * from "./read/index";
export { addRange, finishTouching, setCongruence, startTouching } from "./spaces";
export { curveCold, curveDistances, curveHits, sweepHits } from "./sweep";
export { setLevels, tableCount } from "./tables";

export function replayLayout(): u32 {
  return REPLAY_LAYOUT;
}
