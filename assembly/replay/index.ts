/** The exports of the throughput engine: a module of its own. */
import { REPLAY_LAYOUT } from "../abi/replay";

export { allocate } from "./memory";

export function replayLayout(): u32 {
  return REPLAY_LAYOUT;
}
