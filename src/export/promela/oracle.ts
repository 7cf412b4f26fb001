/**
 * Promela text: flush obligations (assembly/ghost as its headers describe it; machine.md calls it the oracle).
 *
 * Obligations are parallel arrays of which the first `owed` places are used. What several primitives will owe is put
 * on a list first and owed in one place, and after every step the places are put in order: so two runs that owe the
 * same are in the same state, whichever came first.
 */
export const oracle = `
/* ---- violations: a named bit that an assertion finds set; SPIN prints the name ---- */
#define VIOLATE(name) name = 1; assert(!name); name = 0

#define POINTER 16
#define VIA_WALK 1
#define FREED 2
#define REPORTED 4
#define RIGHTS 8
#define UNRECORDED 16
#define STORES 32
#define KIND_FLAGS 47
#define HUGETLB 16

/* ---- the list of what is about to be owed ---- */
hidden short xn; hidden short xw; hidden short xo; hidden short xfound; hidden byte xdirty;
hidden short l_mm[LIST]; hidden short l_start[LIST]; hidden short l_level[LIST]; hidden short l_frame[LIST];
hidden short l_holders[LIST]; hidden short l_guard[LIST]; hidden short l_flags[LIST]; hidden short l_issued[LIST];
hidden short l_due[LIST];
/* The task that moves, as a bit, when it runs m: it answers for what it takes away. */
hidden byte xmover;
hidden short xdue;
#define OWED_BY_MOVER(m) xdue = (xmover == (m) + 1 -> (1 << agent) : 0)
inline list(m, a, l, f, h, g, fl, is)
{
  l_mm[xn] = m; l_start[xn] = a; l_level[xn] = l; l_frame[xn] = f;
  l_holders[xn] = h; l_guard[xn] = g; l_flags[xn] = fl; l_issued[xn] = is; l_due[xn] = xdue;
  xn = xn + 1
}

/* Owes everything on the list: one obligation for each place, life of a frame and set of flags. */
inline owe_list()
{
  xdirty = 1;
  xw = 0;
  do
  :: xw >= xn -> break
  :: xw < xn && l_holders[xw] == 0 -> xw = xw + 1
  :: else ->
     xfound = 0;
     do
     :: xfound >= owed -> break
     :: xfound < owed && o_mm[xfound] == l_mm[xw] && o_start[xfound] == l_start[xw] &&
        o_level[xfound] == l_level[xw] && o_frame[xfound] == l_frame[xw] &&
        o_generation[xfound] == generation[l_frame[xw]] && (o_flags[xfound] & KIND_FLAGS) == l_flags[xw] -> break
     :: else -> xfound = xfound + 1
     od;
     if
     :: xfound == OBLIGATIONS -> VIOLATE(OBLIGATIONS_FULL)
     :: else ->
        if
        :: xfound == owed ->
           owed = owed + 1;
           o_mm[xfound] = l_mm[xw]; o_start[xfound] = l_start[xw]; o_level[xfound] = l_level[xw];
           o_frame[xfound] = l_frame[xw]; o_generation[xfound] = generation[l_frame[xw]];
           o_holders[xfound] = 0; o_flags[xfound] = l_flags[xw]; o_guard[xfound] = 0; o_due[xfound] = 0
        :: else
        fi;
        o_holders[xfound] = o_holders[xfound] | l_holders[xw];
        o_issued[xfound] = l_issued[xw];
        o_by[xfound] = agent + 1;
        o_due[xfound] = o_due[xfound] | l_due[xw];
        if :: l_guard[xw] != 0 -> o_guard[xfound] = l_guard[xw] :: else fi
     fi;
     xw = xw + 1
  od;
  xn = 0
}

/* Puts obligation j in place i. */
inline copy_owed(i, j)
{
  o_mm[i] = o_mm[j]; o_start[i] = o_start[j]; o_level[i] = o_level[j]; o_frame[i] = o_frame[j];
  o_generation[i] = o_generation[j]; o_holders[i] = o_holders[j]; o_issued[i] = o_issued[j];
  o_flags[i] = o_flags[j]; o_guard[i] = o_guard[j]; o_by[i] = o_by[j]; o_due[i] = o_due[j]
}

/* Empties place i; the last one moves into it. */
inline forget(i)
{
  owed = owed - 1;
  copy_owed(i, owed);
  o_mm[owed] = 0; o_start[owed] = 0; o_level[owed] = 0; o_frame[owed] = 0; o_generation[owed] = 0;
  o_holders[owed] = 0; o_issued[owed] = 0; o_flags[owed] = 0; o_guard[owed] = 0; o_by[owed] = 0;
  o_due[owed] = 0
}

/* ---- the tables below a pointer, by a stack of at most three ---- */
hidden short s_table[4]; hidden short s_level[4]; hidden short s_start[4]; hidden short s_i[4]; hidden short xtop;
hidden short xe; hidden short xa; hidden short xl;
inline push(f, a, l)
{
  s_table[xtop] = f; s_start[xtop] = a; s_level[xtop] = l; s_i[xtop] = 0; xtop = xtop + 1
}
/* xe, xa, xl := the next entry below, its address and level; xtop is 0 at the end. A pointer's own table comes next. */
inline next_below()
{
  do
  :: xtop > 0 && s_i[xtop - 1] >= ENTRIES(s_level[xtop - 1]) -> xtop = xtop - 1
  :: else -> break
  od;
  if
  :: xtop == 0
  :: else ->
     xl = s_level[xtop - 1];
     xa = s_start[xtop - 1] + s_i[xtop - 1] * PAGES(xl);
     xe = pt[NUMBER(s_table[xtop - 1], s_i[xtop - 1]) - 1];
     s_i[xtop - 1] = s_i[xtop - 1] + 1;
     if :: IS_TABLE(xe) -> push(FRAME_OF(xe), xa, xl - 1) :: else fi
  fi
}

/* ---- an entry goes, or loses rights: who may hold it (G1, G2) ---- */
hidden short cmm; hidden short cstart; hidden short clevel; hidden short ctable; hidden short centry;
hidden short cguard; hidden short cflags; hidden short xv; hidden short xp; hidden short xboth; hidden short xc;

/* Address space m owes the leaf at address a if it reaches the very table that holds it. */
inline list_if_reached(m, a)
{
  descend(m, a, clevel);
  OWED_BY_MOVER(m);
  if :: xslot != 0 && xtable == ctable -> list(m, a, clevel, FRAME_OF(centry), holders[m], cguard, cflags, 0) :: else fi
}

inline list_sharers()
{
  for (xv : 0 .. VMAS - 1) {
    if
    :: v_mm[xv] != 0 && (v_flags[xv] & HUGETLB) != 0 ->
       xa = ALIGN_DOWN(v_start[xv], clevel + 1);
       do
       :: xa >= v_end[xv] -> break
       :: else -> list_if_reached(v_mm[xv] - 1, xa + cstart % PAGES(clevel + 1)); xa = xa + PAGES(clevel + 1)
       od
    :: else
    fi
  }
}

/* Who holds a stale pointer to the table may have read the leaf through it. A broadcast that is under way covers the
   leaf only if it covers the pointer too. */
inline list_stale_parents()
{
  xp = 0;
  do
  :: xp >= owed -> break
  :: xp < owed && o_frame[xp] == ctable && o_generation[xp] == generation[ctable] && (o_level[xp] & POINTER) != 0 ->
     xa = o_start[xp] + cstart % PAGES(clevel + 1);
     xboth = 0;
     for (xc : 0 .. CPUS - 1) {
       if
       :: (o_issued[xp] & (1 << xc)) != 0 &&
          REACHES_LEAF(q_scope[xc], q_hint[xc], q_start[xc], q_end[xc], xa, clevel) -> xboth = xboth | (1 << xc)
       :: else
       fi
     };
     xdue = o_due[xp];
     list(o_mm[xp], xa, clevel, FRAME_OF(centry), o_holders[xp], 0, cflags | VIA_WALK, xboth);
     xp = xp + 1
  :: else -> xp = xp + 1
  od
}

#define CAN_STORE(e) (((e) & WRITABLE) != 0 && ((e) & DIRTY_FLAG) != 0)
/* The entry at ctable changes: what may still be held of it is owed. */
inline entry_lost()
{
  cstart = ALIGN_DOWN(cstart, clevel);
  xn = 0;
  OWED_BY_MOVER(cmm);
  if
  :: (centry & PRESENT) == 0
  :: (centry & PRESENT) != 0 && IS_TABLE(centry) ->
     list(cmm, cstart, clevel | POINTER, FRAME_OF(centry), holders[cmm], cguard, 0, 0);
     xtop = 0;
     push(FRAME_OF(centry), cstart, clevel - 1);
     next_below();
     do
     :: xtop == 0 -> break
     :: else ->
        if
        :: (xe & PRESENT) == 0
        :: else ->
           list(cmm, xa, xl | (IS_TABLE(xe) -> POINTER : 0), FRAME_OF(xe), holders[cmm], cguard, 0, 0)
        fi;
        next_below()
     od
  :: (centry & PRESENT) != 0 && !IS_TABLE(centry) && cflags == RIGHTS && clevel == 0 && !CAN_STORE(centry)
     /* A clean entry cannot be stored through without a walk, which finds the write right gone. */
  :: else ->
     if :: CAN_STORE(centry) -> cflags = cflags | STORES :: else fi;
     if :: parents[ctable] <= 1 -> list_if_reached(cmm, cstart) :: else -> list_sharers() fi;
     list_stale_parents()
  fi;
  owe_list()
}

/* What a step asks for: the entry at slot cslot (in address space m at a, level l, in a table) becomes value. */
hidden byte losing; hidden short cslot; hidden short cvalue; hidden short cslot2; hidden short cvalue2;
inline replace_entry(m, a, l, table, at, value, guard, flags)
{
  losing = 1;
  cmm = m; cstart = a; clevel = l; ctable = table; cslot = at; centry = READ(at); cvalue = value;
  cguard = guard; cflags = flags; cslot2 = 0
}
inline serve_entry()
{
  entry_lost();
  write_entry(cslot, cvalue);
  if :: cslot2 != 0 -> write_entry(cslot2, cvalue2) :: else fi;
  losing = 0
}
`;
