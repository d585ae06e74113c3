/* Mean and error over seeds. */
#include <math.h>

#include "evaluate/matrix.h"

/* Student's t, 97.5 %: exact (to 4 digits) up to 30 degrees of freedom, then Cornish and Fisher's expansion, which is good
 * to 1e-4 there. */
static double student(int64_t freedom)
{
    static const double table[] = {12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
                                   2.2010,  2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
                                   2.0796,  2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423};
    if (freedom <= 30)
        return table[freedom - 1];
    const double z = 1.959963985, n = (double)freedom;
    double z3 = z * z * z, z5 = z3 * z * z;
    return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n);
}

spread spread_of(const double *values, int64_t n)
{
    spread s = {n, (double)NAN, (double)NAN, (double)NAN, (double)NAN};
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        sum += values[i];
    if (n > 0)
        s.mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (values[i] - s.mean) * (values[i] - s.mean);
    if (n > 1) {
        s.sd = sqrt(squares / (double)(n - 1));
        s.sem = s.sd / sqrt((double)n);
        s.ci95 = student(n - 1) * s.sem;
    }
    return s;
}
