#!/usr/bin/env python3
"""The statistics of core/evaluate beside scipy's, on the same numbers.

    against_scipy.py PROBE       many numbers, drawn from a fixed seed, through statistics_probe
    against_scipy.py --golden    prints golden.h, the values that test_difference.c and test_student.c hold without scipy

Holm's p is worked out here by its definition, as scipy has none. Without scipy this is skipped (77), and a failure with PERDURE_CI=1.
"""
import math
import os
import random
import subprocess
import sys
import warnings

try:
    import numpy
    from scipy import optimize, special, stats
except ImportError as missing:
    print(f"skipped: found no Python module {missing.name}; expected scipy (scripts/setup ci)")
    sys.exit(1 if os.environ.get("PERDURE_CI") == "1" else 77)

CLOSE = 1e-11  # of what is computed here from scipy's parts, relative
FREEDOMS = [1, 1.37, 2, 3, 4, 5.5, 9, 19, 30, 99, 313.25, 1000, 9999]
SHARES = [1e-12, 1e-6, 0.001, 0.01, 0.05, 0.1, 0.317, 0.5, 0.9, 0.99]

# What golden.h holds: accuracies of 5 seeds, as a run gives them.
BASELINE = [0.1961, 0.1968, 0.1953, 0.1977, 0.1949]
METHODS = {"far": [0.8921, 0.9034, 0.8877, 0.9102, 0.8963],
           "near": [0.1972, 0.1966, 0.1961, 0.1984, 0.1950],
           "below": [0.1911, 0.1903, 0.1925, 0.1897, 0.1908],
           "noise": [0.2101, 0.1822, 0.2034, 0.1897, 0.1955]}


def student_p(t, freedom):
    """As stats.t.sf(abs(t), freedom) * 2, by the integral that keeps its digits far out."""
    return float(special.betainc(freedom / 2, 0.5, freedom / (freedom + t * t))) if abs(t) > 1 else float(2 * stats.t.sf(abs(t), freedom))


def student_t(p, freedom):
    """The root of that integral: stats.t.isf(p / 2, freedom) itself is good to 1e-9 only, which is held here."""
    rough = float(stats.t.isf(p / 2, freedom))
    root = optimize.brentq(lambda t: student_p(t, freedom) - p, rough * (1 - 1e-6), rough * (1 + 1e-6), xtol=1e-300, rtol=1e-15)
    assert math.isclose(root, rough, rel_tol=1e-9), (p, freedom, root, rough)
    return root


def interval(mean, error, freedom):
    reach = student_t(0.05, freedom) * error
    return [mean - reach, mean + reach]


def paired(a, b):
    tested = stats.ttest_rel(a, b)
    apart = numpy.subtract(a, b)
    sd = apart.std(ddof=1)
    ends = interval(apart.mean(), sd / math.sqrt(len(a)), len(a) - 1)
    assert numpy.allclose(ends, tested.confidence_interval(0.95), rtol=1e-7, atol=1e-12)
    return [len(a), apart.mean(), sd, tested.statistic, tested.df, tested.pvalue, apart.mean() / sd, *ends]


def welch(a, b):
    tested = stats.ttest_ind(a, b, equal_var=False)
    va, vb = numpy.var(a, ddof=1) / len(a), numpy.var(b, ddof=1) / len(b)
    freedom = (va + vb) ** 2 / (va ** 2 / (len(a) - 1) + vb ** 2 / (len(b) - 1))
    mean = numpy.mean(a) - numpy.mean(b)
    sd = math.sqrt((numpy.var(a, ddof=1) + numpy.var(b, ddof=1)) / 2)
    return [min(len(a), len(b)), mean, sd, tested.statistic, freedom, tested.pvalue, mean / sd, *interval(mean, math.sqrt(va + vb), freedom)]


def holm(p):
    """p of rank r (from 0) of m times m - r, at most 1, and at least what stands before it."""
    order, out, highest = sorted(range(len(p)), key=p.__getitem__), [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, p[i] * (len(p) - rank)))
        out[i] = highest
    return out


def golden():
    print("/* Made by against_scipy.py --golden (scipy %s). */" % __import__("scipy").__version__)
    print("/* clang-format off */")
    print("static const struct { double t, freedom, p; } tails[] = {")
    for freedom in FREEDOMS:
        for t in (0.001, 0.5, 1.3, 2.776, 7.25, 40.0):
            print("    {%r, %r, %r}," % (t, float(freedom), student_p(t, freedom)))
    print("};\nstatic const struct { double p, freedom, t; } quantiles[] = {")
    for freedom in FREEDOMS:
        for p in (0.001, 0.01, 0.05, 0.5):
            print("    {%r, %r, %r}," % (p, float(freedom), student_t(p, freedom)))
    print("};\nstatic const double baseline[] = {%s};" % ", ".join(map(repr, BASELINE)))
    print("static const struct { const char *name; double values[5], mean, sd, t, freedom, p, effect, low, high, holm; "
          "double welch_t, welch_freedom, welch_p; } methods[] = {")
    tests = {name: paired(values, BASELINE) for name, values in METHODS.items()}
    adjusted = holm([one[5] for one in tests.values()])
    for (name, one), p in zip(tests.items(), adjusted):
        other = welch(METHODS[name], BASELINE)
        numbers = [float(v) for v in one[1:] + [p] + other[3:6]]
        print('    {"%s", {%s}, %s},' % (name, ", ".join(map(repr, METHODS[name])), ", ".join(map(repr, numbers))))
    print("};\n/* clang-format on */")


class Probe:
    def __init__(self, program):
        self.program, self.asked, self.expected = program, [], []

    def ask(self, question, expected):
        self.asked.append(question)
        self.expected.append([float(v) for v in expected])

    def compare(self):
        done = subprocess.run([self.program], input="\n".join(self.asked) + "\n", capture_output=True, text=True, check=True)
        lines, worst, failed = done.stdout.splitlines(), 0.0, 0
        if len(lines) != len(self.asked):
            sys.exit(f"found {len(lines)} answers; expected {len(self.asked)}")
        for question, expected, line in zip(self.asked, self.expected, lines):
            found = [float(word) for word in line.split()]
            scale = max((abs(v) for v in expected[1:2]), default=0.0) if len(expected) == 9 else 0.0
            off = [0.0 if f == e or (math.isnan(f) and math.isnan(e)) else abs(f - e) / max(abs(e), scale * 1e-3, 1e-300)
                   for f, e in zip(found, expected)]
            if len(found) != len(expected) or not all(o <= CLOSE for o in off):
                failed += 1
                print(f"{question[:200]}\n  found    {found}\n  expected {expected}")
            worst = max([worst] + [o for o in off if not math.isnan(o)])
        print(f"{len(lines)} answers, {failed} further off than {CLOSE:g}; the furthest by {worst:.2g}")
        return 1 if failed or not lines else 0


def words(values):
    return " ".join("%.17g" % v for v in values)


def main(program):
    draw, probe = random.Random(7), Probe(program)
    warnings.simplefilter("error")
    for freedom in FREEDOMS:
        for t in [0.0, 1e-9, 1e-3, 0.5, 1.0, 1.0001, 1.7320508, 2.0, 5.0, 20.0, -3.0, 1e3]:
            expected = student_p(t, freedom)
            if expected > 1e-290:
                probe.ask(f"p {t!r} {freedom!r}", [expected])
        for p in SHARES:
            probe.ask(f"t {p!r} {freedom!r}", [student_t(p, freedom)])
    for _ in range(300):
        n, rows, spread = draw.randint(2, 40), draw.choice([100, 2000, 10000]), draw.choice([0.002, 0.02, 0.2])
        a, b = ([round(min(1, max(0, draw.gauss(centre, spread))) * rows) / rows for _ in range(n)]
                for centre in (draw.random(), draw.random()))
        apart = numpy.subtract(a, b)
        if apart.std() < 1e-9 or numpy.std(a) < 1e-9 or numpy.std(b) < 1e-9:
            continue
        probe.ask(f"paired {words(a)} / {words(b)}", paired(a, b))
        probe.ask(f"welch {words(a)} / {words(b)}", welch(a, b))
        if n > 3:
            probe.ask(f"welch {words(a[:-2])} / {words(b)}", welch(a[:-2], b)) if numpy.std(a[:-2]) > 1e-9 else None
    for n in (1, 2, 3, 7, 30):
        for spread in (1, 3):
            p = [draw.random() ** (2 * spread) for _ in range(n)]
            p[-1] = p[0]  # ties
            probe.ask(f"holm {words(p)}", holm(p))
    return probe.compare()


if __name__ == "__main__":
    if sys.argv[1:] == ["--golden"]:
        golden()
    else:
        sys.exit(main(sys.argv[1]))
