/* coverage.js - how much of a period was recorded, and what is missing. */
import { formatLength } from "./time.js";

/*
 * archive: {from, to, gaps}, the earliest and the latest time that anything can be said about, and the gaps between
 * them, which overlap nothing that is recorded. period: {from, to}.
 *
 * Returns {gaps, missing, share, causes}: the parts of gaps that are in the period, their sum in milliseconds, the
 * share that was recorded, and [{cause, gaps, missing}], the longest first; null if nothing is known of the period.
 */
export function coverageOf(archive, period) {
  const from = Math.max(archive.from ?? Infinity, period.from), to = Math.min(archive.to ?? -Infinity, period.to);
  if (!(to > from)) return null;
  const gaps = archive.gaps.map((gap) => ({ ...gap, from: Math.max(gap.from, from), to: Math.min(gap.to, to) }))
    .filter((gap) => gap.to > gap.from);
  const sums = new Map();
  for (const gap of gaps) {
    const sum = sums.get(gap.cause) ?? { cause: gap.cause, gaps: 0, missing: 0 };
    sums.set(gap.cause, { ...sum, gaps: sum.gaps + 1, missing: sum.missing + gap.to - gap.from });
  }
  const causes = [...sums.values()].sort((one, other) => other.missing - one.missing);
  const missing = causes.reduce((sum, cause) => sum + cause.missing, 0);
  return { gaps, missing, share: 1 - missing / (to - from), causes };
}

export const gapsText = (count) => (count === 1 ? "1 gap" : `${count} gaps`);

/* "98.6 %, 2 gaps, 20 min 04 s". Rounded down, so that it is 100 % only if nothing is missing. */
export function coverageText({ gaps, missing, share }) {
  if (!gaps.length) return "100 %, no gaps";
  const percent = Math.floor(Math.max(0, share) * 1000) / 10;
  return `${percent.toFixed(1)} %, ${gapsText(gaps.length)}, ${formatLength(missing)}`;
}
