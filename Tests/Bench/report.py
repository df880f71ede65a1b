"""The figures in Markdown, held against their bounds, and as plots in SVG."""

import collections
import math
import os
import platform
import re
from pathlib import Path
from xml.sax.saxutils import escape

COLOURS = {"twostep": "#1a7f37", "floor": "#57606a", "google": "#cf222e", "google, HOTP": "#cf222e", "oath": "#9a6700",
           "floor with a journal": "#afb8c1"}


def series():
    """Points by name: (x, values of the rounds)."""
    return collections.defaultdict(list)


def quartiles(values):
    """The median, and the quartiles around it."""
    ordered = sorted(values)

    def at(share):
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
    return at(0.5), at(0.25), at(0.75)


def plain(values):
    """`3`, or `3 (1 to 5)`: the median and the extremes of whole numbers."""
    median = int(quartiles(values)[0])
    return f"{median}" if min(values) == max(values) else f"{median} ({min(values)} to {max(values)})"


def written(value):
    """A number with as many digits as it deserves."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def number(values):
    """The median of the rounds."""
    return written(quartiles(values)[0])


def pairs(values, others):
    """The ratios, round by round."""
    return [value / other if other else 1.0 for value, other in zip(values, others, strict=True)]


def ratio(values, others):
    """The median of the ratios with its quartiles."""
    return "{:.2f} ({:.2f}–{:.2f})".format(*quartiles(pairs(values, others)))


class Report:
    """Collects tables, judgements and plots; `write` puts them into a folder."""

    def __init__(self, is_quick):
        self.is_quick = is_quick
        self.judgements, self.exact, self.tables, self.plots = [], [], [], []
        self.rows = collections.defaultdict(list)

    # --- judging ----------------------------------------------------------------------------------------------------

    def judge(self, what, values, others, at_least=None, at_most=None, note=""):
        """Holds the ratio of two lists against its bounds."""
        self._judge(what, quartiles(pairs(values, others))[0], ratio(values, others), at_least, at_most, "", note)

    def judge_value(self, what, values, unit, at_most, note=""):
        """Holds a value against its bound."""
        self._judge(what, quartiles(values)[0], f"{number(values)} {unit}", None, at_most, f" {unit}", note)

    def judge_exactly(self, what, values, expected, note=""):
        """Holds every round against the one value that is right."""
        self.judgements.append((what, f"{expected}", plain(values), set(values) == {expected}, note))
        self.exact.append(set(values) == {expected})

    def _judge(self, what, median, shown, at_least, at_most, unit, note):
        bounds = ([f"≥ {at_least:g}{unit}"] if at_least is not None else []) + (
            [f"≤ {at_most:g}{unit}"] if at_most is not None else [])
        reached = (at_least is None or median >= at_least) and (at_most is None or median <= at_most)
        self.judgements.append((what, " and ".join(bounds), shown, reached, note))
        print(f"   {'reached' if reached else 'MISSED '} {what}: {shown}, {' and '.join(bounds)}", flush=True)

    @property
    def is_right(self):
        """Whether all that must be exactly so was so."""
        return all(self.exact)

    # --- tables and plots -------------------------------------------------------------------------------------------

    def table(self, title, header, rows):
        self.tables.append((title, header, rows))

    def collect(self, name, row):
        self.rows[name].append(row)

    def collected(self, name):
        return self.rows[name]

    def by_concurrency(self, title, unit, latency, throughput):
        """A table of both by concurrency."""
        names = list(latency)
        header = [unit] + [f"{name}: logins/s, p50 ms" for name in names]
        rows = [[str(latency[names[0]][index][0])] + [
            f"{number(throughput[name][index][1])}, {number(latency[name][index][1])}" for name in names]
            for index in range(len(latency[names[0]]))]
        self.table(title, header, rows)

    def plot(self, name, title, x, y, points, logarithmic=True):
        self.plots.append((name, title, chart(title, x, y, points, logarithmic)))

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(self, folder, flush, seconds):
        folder.mkdir(exist_ok=True)
        lines = ["# Performance", "", machine(flush, seconds, self.is_quick), ""]
        lines += markdown(["what", "bound", "measured", "", "note"], [
            [what, bound, shown, "reached" if reached else "**missed**", note]
            for what, bound, shown, reached, note in self.judgements])
        for title, header, rows in self.tables:
            lines += ["", f"## {title}", ""] + markdown(header, rows)
        lines += ["", "## Plots", ""]
        for name, title, drawing in self.plots:
            (folder / f"{name}.svg").write_text(drawing)
            lines.append(f"![{title}]({name}.svg)")
        (folder / "performance.md").write_text("\n".join(lines) + "\n")


def markdown(header, rows):
    return ["| " + " | ".join(header) + " |", "|" + "|".join("---" if index == 0 else "---:" for index, _ in enumerate(header)) + "|",
            *("| " + " | ".join(row) + " |" for row in rows)]


def machine(flush, seconds, is_quick):
    """Where this was measured, in a sentence or two."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text()).group(1)) // 1024
    load = os.getloadavg()[2]
    return (
        f"Measured by `make bench{' QUICK=1' if is_quick else ''}` on {os.cpu_count()} cores "
        f"({cpu.group(1) if cpu else platform.machine()}), {memory:,} MB, {system.group(1) if system else 'Linux'}, Linux "
        f"{platform.release()}, a disk that takes {flush:.0f} µs for an append of 64 bytes and its fdatasync; "
        f"load {load:.1f} meanwhile, {seconds / 60:.1f} minutes. Ratios are taken within one round and quoted as the "
        "median of the rounds with the quartiles around it; figures without a unit are ratios.")


# --- SVG ------------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 380, 80, 20, 40, 60


class Axis:
    """Where values lie between two ends, and which of them get a line."""

    def __init__(self, values, start, end, logarithmic):
        self.logarithmic = logarithmic
        low, high = min(values), max(values)
        if logarithmic:
            self.scale = lambda value: math.log10(max(value, 1e-9))
            first, last = math.floor(self.scale(low)), math.ceil(self.scale(high) or 1)
            last = max(last, first + 1)
            self.low, self.high = first, last
            self.ticks = [10.0 ** power for power in range(first, last + 1)]
        else:
            step = next(step for step in (10.0 ** power * factor for power in range(-3, 9) for factor in (1, 2, 5))
                        if high / step <= 6)
            self.scale = lambda value: value
            self.low, self.high = 0, step * (int(high / step) + 1)
            self.ticks = [step * index for index in range(int(self.high / step) + 1)]
        self.start, self.end = start, end

    def at(self, value):
        return self.start + (self.scale(value) - self.low) / (self.high - self.low) * (self.end - self.start)


def tick(value):
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def chart(title, x, y, points, logarithmic):
    """Lines by name, each point with its quartiles."""
    xs = [one for line in points.values() for one, _ in line]
    ys = [value for line in points.values() for _, values in line for value in quartiles(values)]
    across = Axis(xs, LEFT, WIDTH - RIGHT, logarithmic)
    down = Axis(ys, HEIGHT - BOTTOM, TOP, logarithmic)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="Helvetica, sans-serif" '
        'font-size="12">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{WIDTH / 2}" y="20" text-anchor="middle" font-size="14">{escape(title)}</text>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 36 + 14}" text-anchor="middle">{escape(x)}</text>',
        f'<text x="16" y="{(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" '
        f'transform="rotate(-90 16 {(TOP + HEIGHT - BOTTOM) / 2})">{escape(y)}</text>']
    for value in down.ticks:
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down.at(value):.1f}" y2="{down.at(value):.1f}" stroke="#d0d7de"/>')
        out.append(f'<text x="{LEFT - 6}" y="{down.at(value) + 4:.1f}" text-anchor="end">{tick(value)}</text>')
    for value in sorted(set(xs)) if logarithmic else across.ticks:
        out.append(f'<text x="{across.at(value):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick(value)}</text>')
    place = LEFT
    for name, line in points.items():
        colour = COLOURS.get(name, "#0969da")
        line = sorted(line, key=lambda point: point[0])
        path = " ".join(f"{across.at(one):.1f},{down.at(quartiles(values)[0]):.1f}" for one, values in line)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for one, values in line:
            median, low, high = quartiles(values)
            out.append(f'<line x1="{across.at(one):.1f}" x2="{across.at(one):.1f}" y1="{down.at(low):.1f}" y2="{down.at(high):.1f}" stroke="{colour}"/>')
            out.append(f'<circle cx="{across.at(one):.1f}" cy="{down.at(median):.1f}" r="3" fill="{colour}"/>')
        out.append(f'<rect x="{place}" y="{HEIGHT - 14}" width="10" height="10" fill="{colour}"/>')
        out.append(f'<text x="{place + 14}" y="{HEIGHT - 5}">{escape(name)}</text>')
        place += 30 + 7 * len(name)
    return "\n".join([*out, "</svg>", ""])
