export interface Row {
  name: string;
  unit: string;
  /** One value per round. */
  values: number[];
  /** Name of the row that this one is a share of. */
  against?: string;
}

/** Adds a value to a row; `against` names the row that it is a share of. */
export type Put = (name: string, unit: string, value: number, against?: string) => void;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function formatTable(rows: readonly Row[]): string {
  const byName = new Map(rows.map((row) => [row.name, median(row.values)]));
  const lines = rows.map((row) => {
    const value = median(row.values);
    const spread = `${round(Math.min(...row.values))} to ${round(Math.max(...row.values))}`;
    const base = row.against === undefined ? undefined : byName.get(row.against);
    const ratio = base === undefined ? '' : `${(value / base).toFixed(2)} × ${row.against}`;
    return `${row.name.padEnd(52)} ${round(value).padStart(9)} ${row.unit.padEnd(5)} ${`(${spread})`.padEnd(22)} ${ratio}`;
  });
  return lines.join('\n');
}

function round(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(1);
}
