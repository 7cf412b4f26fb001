/**
 * Promela text: trip-wires when the last task has finished (assembly/check.ts, C1 to C3). They belong to the step after
 * which nobody can move any more.
 */
export const audit = `
hidden short af; hidden short ai; hidden short aj; hidden short amaps; hidden short arefs; hidden byte abad;
/* What hardware finds, and NUMA hinting entries. */
#define MAPS_A_PAGE(e) (((e) & LEAF_FLAG) != 0 && ((e) & (PRESENT | PROTNONE_FLAG)) != 0)
inline audit_page()
{
  amaps = 0; arefs = 0;
  for (ai : 1 .. TABLE_FRAMES) {
    for (aj : 0 .. WIDTH - 1) {
      xword = pt[NUMBER(ai, aj) - 1];
      if
      :: kind[ai] == TABLE_KIND && MAPS_A_PAGE(xword) && FRAME_OF(xword) == af -> amaps = amaps + 1
      :: else
      fi
    }
  };
  for (ai : 0 .. FILES * FILE_PAGES - 1) { if :: cache[ai] == af -> arefs = arefs + 1 :: else fi };
  abad = abad || maps[af] != amaps || refs[af] != amaps + arefs
}
inline audit_table()
{
  arefs = 0;
  for (ai : 0 .. MMS - 1) { if :: PGD(ai) == af -> arefs = 1 :: else fi };
  abad = abad || (arefs == 0 && (parents[af] == 0 || refs[af] + share[af] != parents[af]))
}
inline serve_audit()
{
  abad = 0;
  for (af : 1 .. FRAMES - 1) {
    if
    :: kind[af] == PAGE_KIND -> audit_page()
    :: kind[af] == TABLE_KIND -> audit_table()
    :: else
    fi
  };
  for (ai : 0 .. LOCKS - 1) { abad = abad || lck[ai] != 0 };
  for (ai : 0 .. MMS - 1) { abad = abad || gathers[ai] != 0 };
  for (ai : 0 .. VMAS - 1) { abad = abad || (v_mm[ai] != 0 && v_task[ai] != 0) };
  if :: abad -> VIOLATE(UNBALANCED) :: else fi
}
`;
