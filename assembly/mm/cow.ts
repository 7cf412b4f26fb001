/**
 * Copy on write: the new page has what the old one had at one moment, and a store to the old one after it is lost.
 *
 * Reference: mm/memory.c wp_page_copy [S: 7.0rc6 for do_wp_page's check; M].
 */
import { Reg } from "../abi/operands";
import { Kind, Rest } from "../abi/records";
import { pageCopied } from "../ghost/rules";
import { allocate, Pool } from "../hw/frames";
import { get, put, regWord, restAt, setReg } from "../word";

export function copyPage(task: u32): void {
  const old = regWord(task, Reg.PAGE);
  const fresh = allocate(Pool.BASE, Kind.PAGE, regWord(task, Reg.MM) + 1);
  setReg(task, Reg.INDEX, old);
  setReg(task, Reg.PAGE, fresh);
  if (fresh == 0) return;
  pageCopied(old);
  put(restAt(fresh) + Rest.VALUE, get(restAt(old) + Rest.VALUE));
}
