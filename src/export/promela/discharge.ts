/**
 * Promela text: an invalidation is complete, and who is discharged by it (the other half of assembly/ghost).
 */
export const discharge = String.raw`
/* ---- an invalidation is complete ---- */
hidden short dscope; hidden short dhint; hidden short dfrom; hidden short dto; hidden short dmm; hidden short dwho;
hidden short dissuer; hidden short xd; hidden short xlost; hidden byte xhit; hidden short xother; hidden short xrest;

#define REACHED(i) ((o_level[i] & POINTER) != 0 -> \
  REACHES_POINTER(dscope, dhint, dfrom, dto, o_start[i], o_level[i] & 15) : \
  REACHES_LEAF(dscope, dhint, dfrom, dto, o_start[i], o_level[i] & 15))

/* What lies below a pointer that is dropped may have been read through it at any moment: what the invalidation does
   not reach stays (G4). xlost lose the pointer of obligation xd. */
inline leave_behind()
{
  xn = 0; xtop = 0; xdue = o_due[xd];
  push(o_frame[xd], o_start[xd], (o_level[xd] & 15) - 1);
  next_below();
  do
  :: xtop == 0 -> break
  :: else ->
     if
     :: (xe & PRESENT) != 0 && IS_TABLE(xe) && !REACHES_POINTER(dscope, dhint, dfrom, dto, xa, xl) ->
        list(o_mm[xd], xa, xl | POINTER, FRAME_OF(xe), xlost, 0, VIA_WALK, 0)
     :: (xe & PRESENT) != 0 && !IS_TABLE(xe) && !REACHES_LEAF(dscope, dhint, dfrom, dto, xa, xl) ->
        list(o_mm[xd], xa, xl, FRAME_OF(xe), xlost, 0, VIA_WALK, 0)
     :: else
     fi;
     next_below()
  od;
  /* Who owes it already goes on owing it, and what was issued for it no longer counts. */
  xw = 0;
  do
  :: xw >= xn -> break
  :: else ->
     xrest = l_holders[xw];
     xother = 0;
     do
     :: xother >= owed -> break
     :: else ->
        if
        :: o_frame[xother] == l_frame[xw] && o_start[xother] == l_start[xw] && o_mm[xother] == l_mm[xw] &&
           o_level[xother] == l_level[xw] && o_generation[xother] == generation[l_frame[xw]] &&
           (o_flags[xother] & RIGHTS) == 0 && (o_holders[xother] & l_holders[xw]) != 0 ->
           o_issued[xother] = 0;
           xrest = xrest & ~o_holders[xother]
        :: else
        fi;
        xother = xother + 1
     od;
     l_holders[xw] = xrest;
     xw = xw + 1
  od;
  owe_list()
}

/* dwho dropped everything of dmm that (dscope, dhint, dfrom, dto) reaches; or, when dissuer is a CPU's bit, everything
   that was covered when that CPU issued its broadcast. */
inline discharge()
{
  xdirty = 1;
  xd = 0;
  do
  :: xd >= owed -> break
  :: else ->
     xhit = (dissuer != 0 -> (o_issued[xd] & dissuer) != 0 : (o_mm[xd] == dmm && REACHED(xd)));
     xlost = o_holders[xd] & dwho;
     if
     :: xhit && xlost != 0 && (o_level[xd] & POINTER) != 0 && dscope != WHOLE_CONTEXT &&
        generation[o_frame[xd]] == o_generation[xd] -> leave_behind()
     :: else
     fi;
     if
     :: xhit && xlost != 0 && (o_holders[xd] & ~dwho) == 0 -> forget(xd)
     :: xhit && xlost != 0 && (o_holders[xd] & ~dwho) != 0 -> o_holders[xd] = o_holders[xd] & ~dwho; xd = xd + 1
     :: else -> xd = xd + 1
     fi
  od
}

/* What a step asks for: at most two invalidations, each by one CPU, stride by stride or at once. */
hidden byte broadcasting; hidden byte wanted; hidden byte served;
hidden byte i_cpu[2]; hidden byte i_mm[2]; hidden byte i_scope[2];
hidden short i_at[2]; hidden short i_end[2]; hidden short i_stride[2];
/* i_latent: the CPU keeps nothing of the mm, whether it has it loaded or not. */
hidden byte i_latent[2];
inline invalidate(c, m, scope, from, to, stride, latent)
{
  i_cpu[wanted] = c; i_mm[wanted] = m; i_scope[wanted] = scope; i_at[wanted] = from; i_end[wanted] = to;
  i_stride[wanted] = stride; i_latent[wanted] = latent; wanted = wanted + 1
}
/* A CPU that keeps nothing of the mm and does not run it is no holder any more; after a broadcast, only who has run the
   mm since it was issued can be one. */
inline serve_invalidations()
{
  served = 0;
  do
  :: served == wanted -> break
  :: served < wanted && i_stride[served] > 0 && i_at[served] >= i_end[served] -> served = served + 1
  :: else ->
     dscope = i_scope[served]; dmm = i_mm[served];
     if
     :: broadcasting ->
        dhint = q_hint[cpu]; dfrom = q_start[cpu]; dto = q_end[cpu]; dwho = EVERY_CPU; dissuer = 1 << cpu
     :: else ->
        dhint = 0; dfrom = i_at[served]; dto = i_at[served] + 1; dwho = 1 << i_cpu[served]; dissuer = 0
     fi;
     discharge();
     if
     :: dscope == WHOLE_CONTEXT && broadcasting -> holders[dmm] = holders[dmm] & q_runners[cpu]; q_runners[cpu] = 0
     :: dscope == WHOLE_CONTEXT && !broadcasting && (i_latent[served] || loaded[i_cpu[served]] != dmm + 1) ->
        holders[dmm] = holders[dmm] & ~dwho
     :: else
     fi;
     if
     :: i_stride[served] > 0 -> i_at[served] = i_at[served] + i_stride[served]
     :: else -> served = served + 1
     fi
  od;
  wanted = 0; broadcasting = 0
}
`;
