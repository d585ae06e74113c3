/* See gate.h. */
#include "evaluate/gate.h"

#include <math.h>

#define GATE_ERRORS 2.5
#define BAND_ROUNDING 1e-9

band gate_band(const struct gate *g, const spread *ours)
{
    band b = {.own = ours->n > 1 ? ours->sem : (double)NAN};
    if (ours->n == 1 && g->sem > 0 && g->n > 0) {
        b.own = g->sem * sqrt((double)g->n);
        b.borrowed = true;
    }
    b.combined = hypot(g->sem, isnan(b.own) ? 0 : b.own);
    b.wide = GATE_ERRORS * b.combined > g->within;
    double reach = b.wide ? GATE_ERRORS * b.combined : g->within;
    b.low = g->is - reach;
    b.high = g->is + reach;
    return b;
}

double band_miss(double low, double high, double mean)
{
    if (isnan(mean))
        return mean;
    if (mean < low - BAND_ROUNDING)
        return mean - low;
    return mean > high + BAND_ROUNDING ? mean - high : 0;
}
