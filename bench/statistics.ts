export interface Estimate {
  median: number
  /** The 90 % interval of the median. */
  low: number
  high: number
}

const NORMAL_QUANTILE_95 = 1.645

/**
 * The median and its distribution-free 90 % interval: the order statistics between which a binomial count of n fair coins
 * stays in nine cases of ten, by the normal approximation. With few values these are the least and the greatest.
 *
 * @throws TypeError for no values
 */
export function estimate (values: readonly number[]): Estimate {
  const sorted = values.toSorted((a, b) => a - b)
  const count = sorted.length
  const at = (index: number) => {
    const value = sorted[Math.min(Math.max(index, 0), count - 1)]
    if (value === undefined) throw new TypeError('No values to estimate from')
    return value
  }
  const rank = Math.floor((count - NORMAL_QUANTILE_95 * Math.sqrt(count)) / 2)
  return {
    median: (at(Math.floor((count - 1) / 2)) + at(Math.ceil((count - 1) / 2))) / 2,
    low: at(rank),
    high: at(count - 1 - rank)
  }
}

/** Ratios of values that were measured side by side: what disturbs both falls out. */
export const paired = (values: readonly number[], baselines: readonly number[]): Estimate =>
  estimate(values.flatMap((value, index) => {
    const baseline = baselines[index]
    return baseline === undefined ? [] : [value / baseline]
  }))
