/* tlbfast: "level-decoupled" replay.  Because no level's state depends on a lower level's answer (no
 * back-invalidation), the levels can run one after the other over a batch: MRU filter -> L1 -> L2 -> walk; each stage
 * appends (branch-free) the references its level missed to the next stage's queue.  No mispredicted branches, and the
 * out-of-order core overlaps references to different sets.  Same counts as tlbref. usage: tlbfast TRACE [pageshift]
 * [-I] [-r REPS]    L1 16 sets x 4 ways, L2 128 sets x 12 ways, PSC as tlbref. */
#include "common.h"
#include <immintrin.h>
#define BATCH 2048
static u64 *mem;
static u64 nframes, cap, nextdata = 1u << 20;
static int shift, lvl;
static u64 newframe(void) {
  if (nframes == cap) {
    cap = cap ? cap * 2 : 4096;
    mem = realloc(mem, cap * 4096);
  }
  memset(mem + nframes * 512, 0, 4096);
  return nframes++;
}
static void map(u64 va) {
  u64 f = 0;
  for (int l = 3; l > lvl; l--) {
    u64 i = f * 512 + ((va >> (12 + 9 * l)) & 511);
    if (!(mem[i] & 1)) {
      u64 g = newframe();
      mem[i] = g << 12 | 1;
    }
    f = mem[i] >> 12;
  }
  u64 i = f * 512 + ((va >> (12 + 9 * lvl)) & 511);
  if (!(mem[i] & 1))
    mem[i] = nextdata++ << 12 | 1;
}
static u32 mru[16];
static __m128i l1v[16], rot4[16];
static __m512i l2v[128], rot12[17];
static u64 l1m, l2m, wl, sum;
typedef struct {
  u64 tag[4], pte[4];
} S4;
static S4 pde[8], pdp;
static u64 pmlt[2], pmlp[2];
static inline int f4(S4 *s, u64 tag, u64 *pte) {
  for (int i = 0; i < 4; i++)
    if (s->tag[i] == tag) {
      u64 p = s->pte[i];
      for (int j = i; j; j--) {
        s->tag[j] = s->tag[j - 1];
        s->pte[j] = s->pte[j - 1];
      }
      s->tag[0] = tag;
      s->pte[0] = p;
      *pte = p;
      return 1;
    }
  return 0;
}
static inline void i4(S4 *s, u64 tag, u64 p) {
  for (int j = 3; j; j--) {
    s->tag[j] = s->tag[j - 1];
    s->pte[j] = s->pte[j - 1];
  }
  s->tag[0] = tag;
  s->pte[0] = p;
}
static inline void walk(u32 key) {
  u64 a = (u64)key << shift, f = 0;
  int l = 3;
  if (f4(&pde[(a >> 21) & 7], (a >> 21) + 1, &f))
    l = 0;
  else if (f4(&pdp, (a >> 30) + 1, &f))
    l = 1;
  else {
    u64 t = (a >> 39) + 1;
    if (pmlt[0] == t) {
      f = pmlp[0];
      l = 2;
    } else if (pmlt[1] == t) {
      f = pmlp[1];
      pmlt[1] = pmlt[0];
      pmlp[1] = pmlp[0];
      pmlt[0] = t;
      pmlp[0] = f;
      l = 2;
    }
  }
  for (;; l--) {
    u64 x = mem[f * 512 + ((a >> (12 + 9 * l)) & 511)];
    wl++;
    if (l == lvl) {
      sum += x >> 12;
      return;
    }
    f = x >> 12;
    if (l == 1)
      i4(&pde[(a >> 21) & 7], (a >> 21) + 1, f);
    else if (l == 2)
      i4(&pdp, (a >> 30) + 1, f);
    else {
      pmlt[1] = pmlt[0];
      pmlp[1] = pmlp[0];
      pmlt[0] = (a >> 39) + 1;
      pmlp[0] = f;
    }
  }
}
/* 4K walks: the PDE cache as an MTF pair of vectors (tag, frame), no unpredictable branch; only PDE-cache misses take
 * the slow path */
static __m128i pt[8], pf[8];
static __attribute__((noinline)) u32 upper(u32 key) {
  u64 a = (u64)key << 12, f = 0;
  int l = 3;
  if (f4(&pdp, (a >> 30) + 1, &f))
    l = 1;
  else {
    u64 t = (a >> 39) + 1;
    if (pmlt[0] == t) {
      f = pmlp[0];
      l = 2;
    } else if (pmlt[1] == t) {
      f = pmlp[1];
      pmlt[1] = pmlt[0];
      pmlp[1] = pmlp[0];
      pmlt[0] = t;
      pmlp[0] = f;
      l = 2;
    }
  }
  for (;; l--) {
    u64 x = mem[f * 512 + ((a >> (12 + 9 * l)) & 511)];
    wl++;
    f = x >> 12;
    if (l == 1)
      return f;
    if (l == 2)
      i4(&pdp, (a >> 30) + 1, f);
    else {
      pmlt[1] = pmlt[0];
      pmlp[1] = pmlp[0];
      pmlt[0] = (a >> 39) + 1;
      pmlp[0] = f;
    }
  }
}
static u32 fr[BATCH + 64];
static inline void walks(const u32 *k, size_t n) {
  if (shift != 12) {
    for (size_t i = 0; i < n; i++)
      walk(k[i]);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    u32 q = k[i], t = q >> 9, s = t & 7;
    __m128i v = pt[s], kk = _mm_set1_epi32(t);
    u32 m = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(v, kk)));
    __m128i r = rot4[m], f = _mm_shuffle_epi8(pf[s], r);
    pt[s] = _mm_blend_epi32(_mm_shuffle_epi8(v, r), kk, 1);
    u32 x;
    if (__builtin_expect(m != 0, 1))
      x = _mm_cvtsi128_si32(f);
    else {
      x = upper(q);
      f = _mm_blend_epi32(f, _mm_set1_epi32(x), 1);
    }
    pf[s] = f;
    fr[i] = x;
    __builtin_prefetch(&mem[(u64)x * 512 + (q & 511)]);
  }
  u64 sm = 0;
  for (size_t i = 0; i < n; i++)
    sm += mem[(u64)fr[i] * 512 + (k[i] & 511)] >> 12;
  sum += sm;
  wl += n;
}
static void reset(void) {
  for (int i = 0; i < 8; i++)
    pt[i] = pf[i] = _mm_set1_epi32(-1);
  memset(mru, 255, 64);
  for (int i = 0; i < 16; i++)
    l1v[i] = _mm_set1_epi32(-1);
  for (int i = 0; i < 128; i++)
    l2v[i] = _mm512_set1_epi32(-1);
  l1m = l2m = wl = sum = 0;
  memset(pde, 0, sizeof pde);
  memset(&pdp, 0, sizeof pdp);
  memset(pmlt, 0, sizeof pmlt);
  for (int m = 0; m < 16; m++) {
    int p = m ? __builtin_ctz(m) : 3;
    u32 r[4];
    for (int i = 0; i < 4; i++) {
      int k = i == 0 ? p : i <= p ? i - 1 : i;
      r[i] = (u32)(k * 4) * 0x01010101u + 0x03020100u;
    }
    rot4[m] = _mm_loadu_si128((void *)r);
  }
  for (int q = 0; q < 17; q++) {
    int p = q > 11 ? 11 : q;
    u32 r[16];
    for (int i = 0; i < 16; i++)
      r[i] = i == 0 ? p : i <= p ? i - 1 : i;
    rot12[q] = _mm512_loadu_si512(r);
  }
}
static inline size_t filt(const u32 *k, size_t n, u32 *o) {
  size_t j = 0;
  for (size_t i = 0; i < n; i++) {
    u32 q = k[i], s = q & 15, old = mru[s];
    mru[s] = q;
    o[j] = q;
    j += old != q;
  }
  return j;
}
static inline size_t s1(const u32 *k, size_t n, u32 *o) {
  size_t j = 0;
  for (size_t i = 0; i < n; i++) {
    u32 q = k[i];
    __m128i *p = &l1v[q & 15], v = *p, kk = _mm_set1_epi32(q);
    u32 m = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(v, kk)));
    *p = _mm_blend_epi32(_mm_shuffle_epi8(v, rot4[m]), kk, 1);
    o[j] = q;
    j += m == 0;
  }
  return j;
}
static inline size_t s2(const u32 *k, size_t n, u32 *o) {
  size_t j = 0;
  for (size_t i = 0; i < n; i++) {
    u32 q = k[i];
    __m512i *p = &l2v[q & 127], v = *p, kk = _mm512_set1_epi32(q);
    u32 m = _mm512_cmpeq_epi32_mask(v, kk);
    m &= 0xfff;
    *p = _mm512_mask_mov_epi32(_mm512_permutexvar_epi32(rot12[__builtin_ctz(m | 0x10000)], v), 1, kk);
    o[j] = q;
    j += m == 0;
  }
  return j;
}
/* stateless window filter: reference i is an MRU hit if the nearest earlier reference of the same set (within D) has
 * the same key.  Pure data-parallel. */
#define DW 4
static inline size_t win(const u32 *k, size_t n, u32 *o) {
  size_t j = 0, i = 0;
  const __m512i s15 =
      _mm512_set1_epi32(15); /* needs k[-DW..-1] readable and equal to the previous references (or 0xffffffff) */
  for (; i + 16 <= n; i += 16) {
    __m512i v = _mm512_loadu_si512(k + i);
    __mmask16 drop = 0, blk = 0;
    for (int d = 1; d <= DW; d++) {
      __m512i x = _mm512_xor_si512(v, _mm512_loadu_si512(k + i - d));
      __mmask16 eq = _mm512_testn_epi32_mask(x, x), sm = _mm512_testn_epi32_mask(x, s15);
      drop |= eq & ~blk;
      blk |= sm;
    }
    __mmask16 keep = ~drop;
    _mm512_storeu_si512(o + j, _mm512_maskz_compress_epi32(keep, v));
    j += __builtin_popcount(keep);
  }
  for (; i < n; i++)
    o[j++] = k[i];
  return j;
}
static u32 qa[BATCH + 64], qb[BATCH + 64], qc[BATCH + 64];
static void run(const u32 *k, size_t n, int f) {
  for (size_t i = 0; i < n; i += BATCH) {
    size_t m = n - i < BATCH ? n - i : BATCH;
    const u32 *x = k + i;
    if (f == 2) {
      m = win(x, m, qc);
      m = filt(qc, m, qa);
      x = qa;
    } else if (f) {
      m = filt(x, m, qa);
      x = qa;
    }
    m = s1(x, m, qb);
    l1m += m;
    m = s2(qb, m, qc);
    l2m += m;
    walks(qc, m);
  }
}
static u64 runA(const u64 *t, size_t n) {
  u64 refs = 0;
  static u32 kb[2 * BATCH + 64];
  const __m512i am = _mm512_set1_epi64(0xffffffffffffull), one = _mm512_set1_epi64(1), sm = _mm512_set1_epi64(255);
  __m128i sh = _mm_cvtsi32_si128(shift);
  for (size_t i = 0; i < n; i += BATCH) {
    size_t m = n - i < BATCH ? n - i : BATCH, j = 0, w = 0;
    for (; w + 8 <= m; w += 8) {
      __m512i a = _mm512_loadu_si512(t + i + w), a0 = _mm512_and_si512(a, am),
              a1 = _mm512_add_epi64(a0, _mm512_sub_epi64(_mm512_and_si512(_mm512_srli_epi64(a, 48), sm), one));
      __m512i p0 = _mm512_srl_epi64(a0, sh), p1 = _mm512_srl_epi64(a1, sh);
      if (__builtin_expect(_mm512_cmpneq_epi64_mask(p0, p1), 0)) {
        u64 x0[8], x1[8];
        _mm512_storeu_si512(x0, p0);
        _mm512_storeu_si512(x1, p1);
        for (int e = 0; e < 8; e++)
          for (u64 q = x0[e]; q <= x1[e]; q++)
            kb[j++] = q;
      } else {
        _mm256_storeu_si256((void *)(kb + j), _mm512_cvtepi64_epi32(p0));
        j += 8;
      }
    }
    for (; w < m; w++) {
      u64 a = ADDR(t[i + w]), b = a + SIZE(t[i + w]) - 1;
      for (u64 q = a >> shift; q <= b >> shift; q++)
        kb[j++] = q;
    }
    refs += j;
    size_t z = filt(kb, j, qa);
    z = s1(qa, z, qb);
    l1m += z;
    z = s2(qb, z, qc);
    l2m += z;
    walks(qc, z);
  }
  return refs;
}
static int cmpd(const void *a, const void *b) {
  double x = *(double *)a, y = *(double *)b;
  return x < y ? -1 : x > y;
}
int main(int c, char **v) {
  int withI = 0, reps = 5;
  shift = 12;
  for (int i = 2; i < c; i++) {
    if (!strcmp(v[i], "-I"))
      withI = 1;
    else if (!strcmp(v[i], "-r"))
      reps = atoi(v[++i]);
    else
      shift = atoi(v[i]);
  }
  lvl = (shift - 12) / 9;
  size_t n;
  u64 *t = load_trace(v[1], &n, withI);
  newframe();
  u32 *k = (u32 *)malloc(4 * (2 * n + 64)) + 16;
  memset(k - 16, 255, 64);
  size_t nr = 0;
  for (size_t i = 0; i < n; i++) {
    u64 a = ADDR(t[i]), b = a + SIZE(t[i]) - 1;
    if (b >> 44) {
      fprintf(stderr, "VA too big\n");
      return 1;
    }
    for (u64 q = a >> shift; q <= b >> shift; q++)
      k[nr++] = q;
  }
  for (size_t i = 0; i < nr; i++)
    map((u64)k[i] << shift);
  u32 *sk = malloc(4 * nr + 64);
  size_t sn = 0;
  {
    u32 f[16];
    memset(f, 255, 64);
    for (size_t i = 0; i < nr; i++)
      if (f[k[i] & 15] != k[i]) {
        f[k[i] & 15] = k[i];
        sk[sn++] = k[i];
      }
  }
  const char *nm[5] = {"A:u64rec", "B:u32key", "C:u32key-noflt", "D:strip16", "E:window"};
  u64 R[5][4];
  double med[5], mn[5];
  for (int m = 0; m < 5; m++) {
    double ts[64];
    for (int r = 0; r < reps; r++) {
      reset();
      double a = cpu_now();
      u64 refs = nr;
      if (m == 0)
        refs = runA(t, n);
      else if (m == 1)
        run(k, nr, 1);
      else if (m == 2)
        run(k, nr, 0);
      else if (m == 3)
        run(sk, sn, 0);
      else
        run(k, nr, 2);
      ts[r] = cpu_now() - a;
      R[m][0] = refs;
      R[m][1] = l1m;
      R[m][2] = l2m;
      R[m][3] = wl;
    }
    qsort(ts, reps, 8, cmpd);
    med[m] = ts[reps / 2];
    mn[m] = ts[0];
  }
  for (int m = 1; m < 5; m++)
    if (memcmp(R[m], R[0], 32))
      fprintf(stderr, "MISMATCH %s\n", nm[m]);
  printf("{\"trace\":\"%s\",\"shift\":%d,\"acc\":%zu,\"refs\":%llu,\"l1miss\":%llu,\"l2miss\":%llu,\"walkloads_psc\":"
         "%llu,\"strip16\":%zu",
         v[1], shift, n, (unsigned long long)R[0][0], (unsigned long long)R[0][1], (unsigned long long)R[0][2],
         (unsigned long long)R[0][3], sn);
  for (int m = 0; m < 5; m++)
    printf(",\"%s_Macc_s\":%.0f,\"%s_Macc_s_best\":%.0f", nm[m], n / med[m] / 1e6, nm[m], n / mn[m] / 1e6);
  printf("}\n");
  return 0;
}
